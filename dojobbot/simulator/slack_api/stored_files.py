"""The files of a simulated workspace: announced, filled with bytes, completed."""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.problems import Json, SlackError


@dataclass(frozen=True)
class StoredFile:
    """A file of the workspace, `F...`.

    Attributes:
        name: as it was announced.
        length: the bytes that were announced.
        ticket: the secret end of its upload address.
        content: its bytes; None until they were sent.
        title: what people see.
        channels: where it was shared; a file that was shared nowhere is private to the app.
        is_complete: whether the upload was completed, which happens once.
    """

    id: str
    name: str
    length: int
    ticket: str
    content: bytes | None = None
    title: str = ""
    channels: tuple[str, ...] = ()
    is_complete: bool = False

    def as_json(self) -> Json:
        """The file object of answers and messages."""
        link = f"https://files.slack.com/files-pri/{world.TEAM_ID}-{self.id}/{self.name}"
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "filetype": self.name.rpartition(".")[2] if "." in self.name else "binary",
            "size": self.length,
            "user": world.BOT,
            "url_private": link,
            "channels": list(self.channels),
        }


class Files:
    """All files of the workspace.

    Args:
        base: returns the address that upload addresses start with.
    """

    def __init__(self, base: Callable[[], str]) -> None:
        self._base = base
        self._numbers = itertools.count(1)
        self._files: dict[str, StoredFile] = {}

    def find(self, file_id: str) -> StoredFile | None:
        """A file by its id."""
        return self._files.get(file_id)

    def announce(self, name: str, length: int) -> StoredFile:
        """Make room for a file."""
        stored = StoredFile(
            f"F0DOJO{next(self._numbers):04d}", name.strip("/"), length, secrets.token_urlsafe(16)
        )
        self._files[stored.id] = stored
        return stored

    def upload_url(self, stored: StoredFile) -> str:
        """Where the bytes of a file are to be sent."""
        return f"{self._base()}/upload/{stored.ticket}"

    def fill(self, ticket: str, content: bytes) -> StoredFile | None:
        """Take the bytes of a file; None when the address is unknown or the length is not as announced."""
        for stored in self._files.values():
            if stored.ticket == ticket and not stored.is_complete and len(content) == stored.length:
                self._files[stored.id] = replace(stored, content=content)
                return self._files[stored.id]
        return None

    def complete(self, file_id: str, title: str, channels: tuple[str, ...]) -> StoredFile:
        """Finish an upload, once.

        Raises:
            SlackError: `file_not_found`: it was never announced, its bytes never came, or it is complete.
        """
        stored = self._files.get(file_id)
        if stored is None or stored.content is None or stored.is_complete:
            raise SlackError("file_not_found")
        self._files[file_id] = replace(stored, title=title, channels=channels, is_complete=True)
        return self._files[file_id]
