"""Links of the app's domains in what people write, and the event `link_shared` about them."""

import itertools
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from dojobbot.simulator.slack_api.people import Message
from dojobbot.simulator.slack_api.problems import Json

MOST_DOMAINS = 5
_LINK = re.compile(r"https?://[^\s<>|]+")


@dataclass(frozen=True)
class Shared:
    """Links that somebody wrote; `ts` is None while they stand in the composer.

    Attributes:
        unfurls: what the app said about them: by link, an attachment.
    """

    unfurl_id: str
    user: str
    links: tuple[str, ...]
    channel: str | None = None
    ts: str | None = None
    unfurls: tuple[tuple[str, Json], ...] = ()

    @property
    def source(self) -> str:
        """Where the links are, in the words of the event."""
        return "composer" if self.ts is None else "conversations_history"


class Links:
    """The links of some domains that were written.

    Args:
        domains: those that the app's manifest lists under `unfurl_domains`, five at most.
    """

    def __init__(self, domains: Collection[str]) -> None:
        if len(domains) > MOST_DOMAINS:
            raise ValueError(f"An app may unfurl {MOST_DOMAINS} domains, not {len(domains)}.")
        self._domains = frozenset(domains)
        self._numbers = itertools.count(1)
        self._shared: dict[str, Shared] = {}

    def note(self, user: str, text: str, message: Message | None = None) -> Shared | None:
        """Note what somebody wrote; None when no link in it is of the app's domains."""
        links = tuple(link for link in dict.fromkeys(_LINK.findall(text)) if self._domain(link))
        if not links:
            return None
        place = (None, None) if message is None else (message.channel, message.ts)
        shared = Shared(f"{user}-unfurl-{next(self._numbers)}", user, links, *place)
        self._shared[shared.unfurl_id] = shared
        return shared

    def event(self, shared: Shared) -> Json:
        """The event that tells the app."""
        in_composer = shared.ts is None
        event: Json = {
            "type": "link_shared",
            "user": shared.user,
            "channel": "COMPOSER" if in_composer else shared.channel,
            "message_ts": shared.unfurl_id if in_composer else shared.ts,
            "unfurl_id": shared.unfurl_id,
            "source": shared.source,
            "links": [{"domain": self._domain(link), "url": link} for link in shared.links],
        }
        return event

    def find(self, matches: Callable[[Shared], bool]) -> Shared | None:
        """The first that matches."""
        return next(filter(matches, self._shared.values()), None)

    def keep(self, shared: Shared) -> None:
        """Put a changed one in the place of the old."""
        self._shared[shared.unfurl_id] = shared

    def previews(self, user: str) -> list[Json]:
        """What a user sees under the composer: the unfurls of the links that they last typed there."""
        typed = [each for each in self._shared.values() if each.user == user and each.ts is None]
        return [attachment for _, attachment in typed[-1].unfurls] if typed else []

    def _domain(self, link: str) -> str | None:
        host = urlsplit(link).hostname or ""
        return next((each for each in self._domains if host == each or host.endswith(f".{each}")), None)
