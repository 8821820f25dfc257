"""What a job would cost, item by item: a table on private cards, plain lines in what is posted.

A message may hold one table of at most 100 rows and 10,000 characters, also inside an attachment
(reference/block-kit/blocks/table-block); nobody reads that many on a card. A post that Slack refuses to draw
is sent again as its headline alone, so a post has plain lines, which are drawn everywhere: whoever can press
Approve sees what it pays for.
"""

from __future__ import annotations

import math

from dojobbot.domain import Job, Quote, QuoteLine
from dojobbot.slack.text import money, plain, plural, unit_price
from dojobbot.slack.views import blocks
from dojobbot.slack.views.blocks import Block

__all__ = ["prices", "table"]

_MOST_LINES = 12
_UNKNOWN = "-"


def table(quote: Quote) -> Block | None:
    """Draw the lines of a quote, those that are too many as one with their sum, and the sum of all.

    None where the platform named no lines.
    """
    if not quote.lines:
        return None
    shown = quote.lines if len(quote.lines) <= _MOST_LINES else quote.lines[: _MOST_LINES - 1]
    rest = quote.lines[len(shown) :]
    rows = [_row(line) for line in shown]
    if rest:
        others = math.fsum(line.total for line in rest)
        count = sum(line.items for line in rest)
        rows.append([plural(count, "more item"), _UNKNOWN, _UNKNOWN, money(others)])
    rows.append(["Total", _UNKNOWN, _UNKNOWN, money(quote.amount)])
    return blocks.table([["Item", "Qty", "Each", "Total"], *rows], right=(1, 2, 3))


def prices(job: Job, *, as_table: bool) -> list[Block]:
    """Show the quote of a job that waits for approval; nothing where there is none, or it has no lines."""
    drawn = table(job.quote) if job.status == "Quoted" and job.quote is not None else None
    if drawn is None:
        return []
    return [drawn if as_table else blocks.table_as_text(drawn)]


def _row(line: QuoteLine) -> list[str]:
    quantity = _UNKNOWN if line.quantity is None else f"{line.quantity:,.10g}"
    each = _UNKNOWN if line.each is None else unit_price(line.each)
    return [plain(line.item, 60) or "Item", quantity, each, money(line.total)]
