"""What a job would cost, item by item: a table on private cards, plain lines in what is posted.

A message may hold one table of at most 100 rows and 10,000 characters, also inside an attachment
(reference/block-kit/blocks/table-block); nobody reads that many on a card. A post that Slack refuses to draw
is sent again as its headline alone, so a post has plain lines, which are drawn everywhere: whoever can press
Approve sees what it pays for.
"""

from __future__ import annotations

import math
from collections import Counter

from dojobbot.domain import Job, Quote, QuoteLine
from dojobbot.slack.text import money, plain, plural, unit_price
from dojobbot.slack.views import blocks
from dojobbot.slack.views.blocks import Block

__all__ = ["ASK_AGAIN", "gap", "price", "prices", "table", "waits"]

ASK_AGAIN = "Ask for a new quote, or look at the job on Deep Origin's own page."
"""What to do about a quote that has a gap."""
_MOST_LINES = 12
_MOST_NAMED = 3
_UNKNOWN = "-"
_NO_PRICE = "no price"


def gap(quote: Quote) -> str:
    """Say in plain text which items a quote has no price for, so that it can't be approved; else nothing."""
    if quote.amount is not None:
        return ""
    unpriced = [line for line in quote.lines if line.total is None]
    counts = Counter(_item(line) for line in unpriced if line.items == 1)
    names = [name if count == 1 else f"{name} ({count:,} times)" for name, count in counts.items()]
    rest = sum(line.items for line in unpriced) - sum([*counts.values()][:_MOST_NAMED])
    named = [*names[:_MOST_NAMED], plural(rest, "more item")] if rest > 0 else names
    listed = " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]])) or "an item"
    return f"Deep Origin could not quote {listed}, so there is no sum to approve."


def waits(job: Job) -> str:
    """Say of a quoted job why there is nothing to cancel, after its name."""
    if job.quote is not None and job.quote.amount is None:
        return "has not started, and its quote has no sum that could be approved"
    return "has not started, and waits for its quote to be approved"


def price(job: Job) -> str:
    """Give what a job would cost in a word or two, for a list; nothing where the platform gave no quote."""
    if job.quote is None:
        return ""
    return "incomplete quote" if job.quote.amount is None else money(job.quote.amount)


def table(quote: Quote) -> Block | None:
    """Draw the lines of a quote, those that are too many as one with their sum, and the sum of all.

    What has no price is never part of a sum.

    None where the platform named no lines.
    """
    if not quote.lines:
        return None
    shown = quote.lines if len(quote.lines) <= _MOST_LINES else quote.lines[: _MOST_LINES - 1]
    rest = quote.lines[len(shown) :]
    rows = [_row(line) for line in shown]
    priced = [line for line in rest if line.total is not None]
    for some in filter(None, (priced, [line for line in rest if line.total is None])):
        count = plural(sum(line.items for line in some), "more item")
        total = math.fsum(line.total or 0.0 for line in some) if some is priced else None
        rows.append([count, _UNKNOWN, _UNKNOWN, _price(total)])
    rows.append(["Total", _UNKNOWN, _UNKNOWN, _price(quote.amount)])
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
    return [_item(line), quantity, each, _price(line.total)]


def _item(line: QuoteLine) -> str:
    return plain(line.item, 60) or "Item"


def _price(amount: float | None) -> str:
    return _NO_PRICE if amount is None else money(amount)
