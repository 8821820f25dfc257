"""Why a job is where it is, and what it would cost: `statusReason` and `quotationResult`. Pure.

The forms are those of the official client 5.4.0 (`platform/errors.py`, `platform/execution.py`).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping

from dojobbot.domain import Quote, QuoteLine
from dojobbot.fields import number, sentences, text

REASON_LIMIT = 1000
DIGEST_LENGTH = 16
HIGHEST_PRICE = 1e9
MOST_LINES = 100
ITEM_LIMIT = 80


def reason(status_reason: object, quotation: object) -> str | None:
    """Say in a line why the job is in its status.

    Args:
        status_reason: `statusReason`: a string, or an object with message, detail and action.
        quotation: `quotationResult`; where the reason is silent, its failed quotations speak.
    """
    if isinstance(status_reason, Mapping):
        return text(words(status_reason), REASON_LIMIT)
    said = text(status_reason, REASON_LIMIT)
    if said is None and isinstance(quotation, Mapping):
        failed = quotation.get("failedQuotations")
        if isinstance(failed, list):
            return text(sentences(words(row) for row in failed if isinstance(row, Mapping)), REASON_LIMIT)
    return said


def words(said: Mapping[str, object]) -> str | None:
    """Give what an object of the platform tells a person: what happened, the detail, what to do."""
    told = happened(said)
    return sentences([told, None if told else text(said.get("code")), todo(said)])


def happened(said: Mapping[str, object]) -> str | None:
    """Give what an object of the platform says that happened, with the detail."""
    return sentences(
        [
            text(said.get("purchase_approval_comment")),
            text(said.get("message")) or text(said.get("title")),
            text(said.get("detail")),
        ]
    )


def todo(said: Mapping[str, object]) -> str | None:
    """Give what an object of the platform asks a person to do."""
    return text(said.get("action_request")) or text(said.get("actionRequest"))


def quote(quotation: object) -> Quote | None:
    """Sum up what the job would cost.

    Args:
        quotation: `quotationResult`.

    Returns:
        The sum over its successful quotations, and a digest that stays the same as long as the items,
        their amounts and prices do. While anything in it failed there is no sum: it would be too small, and
        people approve what they read. None when there is no quotation, or nothing failed and a price cannot
        be read.
    """
    if not isinstance(quotation, Mapping):
        return None
    rows, failed = quotation.get("successfulQuotations"), _failed(quotation)
    lines = [_line(row, None) for row in failed]
    items = [json.dumps(["failed", text(row.get("itemCode"))]) for row in failed]
    for row in rows if isinstance(rows, list) else []:
        price = number(row.get("priceTotal")) if isinstance(row, Mapping) else None
        if price is None or not 0 <= price <= HIGHEST_PRICE:
            if not failed:
                return None
            continue
        lines.append(_line(row, price))
        items.append(json.dumps([text(row.get("itemCode")), number(row.get("qty")), price]))
    if not lines:
        return None
    canonical = json.dumps(sorted(items)).encode("utf-8")
    return Quote(
        amount=None if failed else _sum(lines),
        digest=hashlib.sha256(canonical).hexdigest()[:DIGEST_LENGTH],
        lines=_bounded(lines),
    )


def _failed(quotation: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Give the quotations that failed; a failure that names no item counts as one all the same."""
    rows = quotation.get("failedQuotations")
    found = rows if isinstance(rows, list) else [rows] if rows else []
    if not found and quotation.get("anyFailed"):
        found = [None]
    return [row if isinstance(row, Mapping) else {} for row in found]


def _line(row: Mapping[str, object], price: float | None) -> QuoteLine:
    """Read a row; the item by the name that its only price record has, else by its code."""
    records = row.get("pricingRecords")
    record = records[0] if isinstance(records, list) and len(records) == 1 else None
    name = text(record.get("itemName"), ITEM_LIMIT) if isinstance(record, Mapping) else None
    unnamed = "Item" if price is not None else "an unnamed item"
    item = name or text(row.get("itemCode"), ITEM_LIMIT) or unnamed
    quantity, each = (
        found if found is not None and 0 <= found <= HIGHEST_PRICE else None
        for found in (number(row.get("qty")), number(row.get("priceEach")))
    )
    return QuoteLine(item, quantity, each, price)


def _bounded(lines: list[QuoteLine]) -> tuple[QuoteLine, ...]:
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    kept = MOST_LINES - 1
    if len({line.total is None for line in lines[kept:]}) > 1:
        kept -= 1  # those without a price are no part of a sum
    rest = lines[kept:]
    priced = [line for line in rest if line.total is not None]
    failed = len(rest) - len(priced)
    bundles = [QuoteLine("Others", None, None, _sum(priced), items=len(priced))] if priced else []
    bundles += [QuoteLine("Others", None, None, None, items=failed)] if failed else []
    return (*lines[:kept], *bundles)


def _sum(lines: list[QuoteLine]) -> float:
    return math.fsum(line.total for line in lines if line.total is not None)
