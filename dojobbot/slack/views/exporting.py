"""What is said about an export: while it is made, beside its file, and when nothing came of it. mrkdwn."""

from __future__ import annotations

from datetime import datetime

from dojobbot.errors import DojobbotError
from dojobbot.orders import Exported, FileKind, FileOrder, OpenExport
from dojobbot.slack.text import clip, code, foreign, plural
from dojobbot.slack.views import blocks
from dojobbot.slack.views.answers import words_of
from dojobbot.slack.views.blocks import Payload

__all__ = [
    "ONE_AT_A_TIME",
    "TOO_MANY",
    "broken",
    "comment",
    "failed",
    "filename",
    "finished",
    "interrupted",
    "maybe",
    "nothing",
    "preparing",
    "progress",
    "title",
    "unfinished",
]

ONE_AT_A_TIME = (
    "I'm still preparing an export for you. It comes into our direct messages; then ask for the next."
)
TOO_MANY = "Too many exports are waiting already. Try again in a few minutes."
_KINDS = {FileKind.CSV: "CSV", FileKind.XLSX: "an Excel sheet", FileKind.JSON: "JSON"}
_MOST_COLUMNS = 20


def preparing(order: FileOrder, *, waiting: int) -> str:
    """Say at once that a file is being made, and how many exports come before it."""
    come = "comes" if waiting == 1 else "come"
    queue = f" {plural(waiting, 'export')} {come} before it." if waiting else ""
    return (
        f":hourglass_flowing_sand: I'm preparing the export of {_which(order)} as {_KINDS[order.kind]}. "
        f"The file comes into our direct messages.{queue}"
    )


def progress(order: FileOrder, seen: int, total: int | None) -> Payload:
    """Say how far it is."""
    if not seen:
        how_far = "Asking Deep Origin…"
    elif total is None:
        how_far = f"{plural(seen, 'job')} looked at."
    elif seen >= total:
        how_far = f"{plural(seen, 'job')} looked at; writing the file…"
    else:
        how_far = f"{seen:,} of {plural(total, 'job')} looked at."
    return blocks.message(f":hourglass_flowing_sand: Preparing the export of {_which(order)}. {how_far}")


def finished(order: FileOrder) -> Payload:
    """Say in the place of the progress that the file is there."""
    return blocks.message(f":white_check_mark: The export of {_which(order)} is ready, below.")


def unfinished(order: FileOrder) -> Payload:
    """Say in the place of the progress that there is no file."""
    return blocks.message(f":warning: The export of {_which(order)} was not finished; I say below why.")


def comment(order: FileOrder, made: Exported) -> str:
    """Say beside the file what is in it."""
    asked = f" ({foreign(order.scope, 200)})" if order.scope else ""
    columns = ", ".join(code(name, 40) for name in made.columns[:_MOST_COLUMNS])
    said = [
        f":white_check_mark: {plural(made.rows, 'job')}{asked}, newest first. All times are UTC.",
        "Hidden jobs are left out.",
        f"Columns: {columns}.",
    ]
    if order.kind is FileKind.CSV:
        said.append(
            "What a spreadsheet would take for a formula, also behind a semicolon, a tab or a line break, "
            "has an apostrophe before it; inside JSON its first character is written as an escape."
        )
    if not made.has_names:
        said.append("Deep Origin did not tell me people's names, so `user_name` holds ids.")
    if made.cut_cells:
        said.append(
            f":scissors: {plural(made.cut_cells, 'cell')} longer than a sheet allows "
            f"{'was' if made.cut_cells == 1 else 'were'} cut; the sheet _About_ says which. "
            "`as:json` has them whole."
        )
    if made.left_out:
        said.append(
            f":warning: A sheet has no room for {plural(made.left_out, 'older job')}, "
            "left out. `as:csv` has all of them."
        )
    if made.bad_rows:
        left_out = "is left out" if made.bad_rows == 1 else "are left out"
        said.append(f":warning: {plural(made.bad_rows, 'job')} could not be read and {left_out}.")
    return "\n".join(said)


def nothing(order: FileOrder) -> Payload:
    """Say that no job matches, so that there is no file."""
    hint = "Leave a word out." if order.scope else "There are none in this organisation yet."
    return blocks.message(f"No job matches your export of {_which(order)}, so I send no file. {hint}")


def failed(export: OpenExport, error: DojobbotError) -> Payload:
    """Say why there is no file, and what to do."""
    return blocks.message(f":warning: Your export came to nothing. {words_of(error)} {_again(export)}")


def broken(export: OpenExport) -> Payload:
    """Say that something went wrong that nobody foresaw."""
    return blocks.message(
        f":warning: Your export went wrong on my side, and I've logged it. {_again(export)} "
        "If it stays, tell the person who runs dojobbot."
    )


def maybe(export: OpenExport) -> Payload:
    """Say that nobody knows whether the file arrived."""
    return blocks.message(
        ":warning: Slack did not say whether it took the file of your export. "
        f"If it is not in this conversation, ask again. {_again(export)}"
    )


def interrupted(export: OpenExport) -> Payload:
    """Say that the bot ended while it made the file."""
    return blocks.message(
        ":warning: I was restarted while I prepared your export. If its file is not in this conversation, "
        f"ask again. {_again(export)}"
    )


def filename(order: FileOrder, now: datetime) -> str:
    """Name the file: sorted by name, exports are sorted by time."""
    return f"deep-origin-jobs-{now:%Y-%m-%d-%H%M}Z.{order.kind.value}"


def title(order: FileOrder) -> str:
    """Give what people see above the file; plain text."""
    return clip(f"Deep Origin jobs: {order.scope or 'all'}", 200)


def _which(order: FileOrder) -> str:
    return f"jobs that match {code(order.scope, 200)}" if order.scope else "all jobs"


def _again(export: OpenExport) -> str:
    return f"Type {code(f'/jobs {export.typed}', 200)}."
