"""What people of the workspace see: messages, direct messages, modals, the App Home, files."""

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.links import Links
from dojobbot.simulator.slack_api.people import Channel, Message, User
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.state import State
from dojobbot.simulator.slack_api.stored_files import Files, StoredFile
from dojobbot.simulator.slack_api.views import View, Views


class Sights:
    """A workspace as its people see it.

    Args:
        state: the workspace's memory.
        views: the open views.
        files: the files.
        links: the links that were written, with their previews.
    """

    def __init__(self, state: State, views: Views, files: Files, links: Links) -> None:
        self.state = state
        self._views = views
        self._files = files
        self._links = links

    @property
    def users(self) -> list[User]:
        """Everybody in the workspace, bots included."""
        return list(self.state.users.values())

    def channels(self, as_user: str) -> list[Channel]:
        """The channels and direct messages that a user is in."""
        return [each for each in self.state.channels.values() if as_user in each.members]

    def messages(self, channel_id: str, as_user: str) -> list[Json]:
        """A channel as a user sees it: every message there, replies included, oldest first.

        Each is the message object of the Web API plus `channel` and `is_ephemeral` (only this user sees it).
        """
        self._member(as_user, channel_id)
        return [self._shown(each) for each in self.state.messages(channel_id, as_user)]

    def dm(self, user_id: str) -> str:
        """The id of a user's direct messages with the bot."""
        return self.state.dm(user_id, world.BOT).id

    def dms(self, user_id: str) -> list[Json]:
        """A user's direct messages with the bot, as `messages` gives them."""
        return self.messages(self.dm(user_id), user_id)

    def modals(self, user_id: str) -> tuple[View, ...]:
        """The modals in front of a user, the topmost last."""
        return self._views.modals(user_id)

    def home(self, user_id: str) -> View | None:
        """The App Home that the bot published for a user."""
        return self._views.home(user_id)

    def file(self, file_id: str) -> StoredFile | None:
        """A file that the bot uploaded, with its bytes."""
        return self._files.find(file_id)

    def previews(self, user_id: str) -> list[Json]:
        """What the app shows under the composer for the links that a user last typed there, unsent."""
        return self._links.previews(user_id)

    def _shown(self, message: Message) -> Json:
        ephemeral = message.only_for is not None
        body = self.state.as_json(message, all_metadata=True)
        return body | {"channel": message.channel, "is_ephemeral": ephemeral}

    def _member(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        """A user and a channel that they are in; ValueError when they cannot be there."""
        user, channel = self.state.user(user_id), self.state.channel(channel_id)
        if user.deleted:
            raise ValueError(f"{user.name} is deactivated and cannot use Slack.")
        if user_id not in channel.members:
            raise ValueError(f"{user.name} is not a member of {channel.name}.")
        return user, channel

    def _view(self, user_id: str, view_id: str) -> View:
        for view in (*self.modals(user_id), self.home(user_id)):
            if view is not None and view.id == view_id:
                return view
        raise LookupError(f"{user_id} has no view {view_id} open.")
