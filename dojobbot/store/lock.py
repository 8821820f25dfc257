"""One dojobbot for each SQLite file: an advisory lock beside it, which the system drops when we die."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from dojobbot.errors import AlreadyRunning, StoreError

__all__ = ["FileLock"]


class FileLock:
    """Holds `<database file>.lock` from the moment it is made until `release()`.

    Raises AlreadyRunning when another process (or another store in this one) holds it, StoreError when the
    lock file cannot be made. The file stays: removing it would let two processes lock two files of one name.
    """

    def __init__(self, database: Path) -> None:
        path = Path(f"{database.resolve()}.lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"The file {path} can't be opened: {error.strerror}.",
                hint="Give dojobbot a folder that it may write to, in `DOJOBBOT_DATABASE_URL`.",
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip()
            os.close(self._descriptor)
            process = f"process {holder}" if holder else "another process"
            raise AlreadyRunning(
                f"The database {database} is in use by another dojobbot ({process})."
            ) from error
        # Only words for whoever comes later: on a full disk the lock holds without them.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another process have the database."""
        os.close(self._descriptor)
