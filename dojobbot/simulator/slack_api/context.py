"""What the Web API's methods work on, and the checks that many of them share."""

from dataclasses import dataclass

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.links import Links
from dojobbot.simulator.slack_api.people import Channel
from dojobbot.simulator.slack_api.problems import SlackError
from dojobbot.simulator.slack_api.rates import Rates
from dojobbot.simulator.slack_api.schedule import Schedule
from dojobbot.simulator.slack_api.state import State
from dojobbot.simulator.slack_api.stored_files import Files
from dojobbot.simulator.slack_api.views import Views

SCOPE_PREFIX = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}


@dataclass(frozen=True)
class Context:
    """The workspace as the bot's calls meet it."""

    state: State
    views: Views
    rates: Rates
    files: Files
    schedule: Schedule
    links: Links
    scopes: frozenset[str]
    without_blocks: frozenset[str] = frozenset()

    def need(self, scope: str) -> None:
        """Raises `missing_scope` when the bot's token lacks a scope."""
        if scope not in self.scopes:
            provided = ",".join(sorted(self.scopes))
            raise SlackError("missing_scope", extra={"needed": scope, "provided": provided})

    def known_channel(self, channel_id: str) -> Channel:
        """A channel that the bot may know of: private ones and DMs only when it is a member.

        Raises:
            SlackError: `channel_not_found`.
        """
        channel = self.state.channel(channel_id)
        if channel.kind != "public" and world.BOT not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def joined_channel(self, channel_id: str) -> Channel:
        """A channel that the bot is a member of.

        Raises:
            SlackError: `channel_not_found` or `not_in_channel`.
        """
        channel = self.known_channel(channel_id)
        if world.BOT not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def writable_channel(self, channel_id: str) -> Channel:
        """A channel that the bot may post to; a user's id stands for their direct messages.

        Raises:
            SlackError: `channel_not_found`, `not_in_channel` or `is_archived`.
        """
        if channel_id in self.state.users:
            channel_id = self.state.dm(world.BOT, channel_id).id
        channel = self.joined_channel(channel_id)
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel
