"""What the bot and its worker say to each other: lines of JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from dojobbot.orders import Exported, Figures, FiguresOrder, FileOrder

__all__ = ["Done", "Failure", "Progress", "Said", "Task", "read_said", "read_task", "write"]


class Task(msgspec.Struct, kw_only=True):
    """What the bot asks for, once: a file, to be made at `path`, or figures; and the platform's account."""

    base_url: str
    org_key: str
    token: str
    project_id: str | None = None
    path: Path | None = None
    file: FileOrder | None = None
    figures: FiguresOrder | None = None


class Progress(msgspec.Struct, tag="progress"):
    """How many of the platform's jobs were looked at so far, and in all where that is known."""

    seen: int
    total: int | None


class Done(msgspec.Struct, tag="done", kw_only=True):
    """The last word: what was made."""

    file: Exported | None = None
    figures: Figures | None = None


class Failure(msgspec.Struct, tag="failure"):
    """The last word: why it could not be made, and what to do; both empty where nobody foresaw it."""

    message: str = ""
    hint: str = ""


Said = Progress | Done | Failure


def write(message: Task | Said) -> bytes:
    """Write a message as one line."""
    return msgspec.json.encode(message, enc_hook=str) + b"\n"


def read_task(line: bytes) -> Task:
    """Read the bot's line; raises msgspec.DecodeError."""
    return msgspec.json.decode(line, type=Task, dec_hook=_path)


def read_said(line: bytes) -> Said:
    """Read a line of the worker's; raises msgspec.DecodeError."""
    said: Said = msgspec.json.decode(line, type=Said, dec_hook=_path)
    return said


def _path(_kind: type, value: Any) -> Path:
    """Read the only thing that JSON has no word for."""
    return Path(value)
