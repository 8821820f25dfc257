"""Money, licence and tier: what the platform refuses because of them, in words, and what to do. Pure.

The codes and the places where they stand are those of the official client 5.4.0 (`platform/errors.py`): at
the top level of an answer, in one of its `errors`, in `statusReason` (an object or a string), and without a
code as `InsufficientFunds` or as a purchase that was not approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dojobbot.deeporigin import details
from dojobbot.errors import PlatformRestricted
from dojobbot.fields import sentences, text

__all__ = ["RESTRICTIONS", "Restriction", "refusal", "unnamed", "why"]

NO_FUNDS = "InsufficientFunds"
COMMENT, TODO = "purchaseApprovalComment", "actionRequest"
ADMINISTRATOR = "Ask your Deep Origin administrator"


@dataclass(frozen=True, slots=True)
class Restriction:
    """What stands in the way, and what a person can do about it: a sentence each."""

    sentence: str
    action: str


RESTRICTIONS: dict[str, Restriction] = {
    "LICENSE.FEATURE_NOT_LICENSED": Restriction(
        "Your organisation's licence does not include this tool.",
        f"{ADMINISTRATOR} to add it to the licence, then start the job again.",
    ),
    "LICENSE.INSUFFICIENT_AVAILABILITY": Restriction(
        "All of your organisation's licences for this tool are in use.",
        f"Start the job again when another one has ended. {ADMINISTRATOR} for more if it happens often.",
    ),
    "LICENSE.RESERVE.FEATURE_NOT_LICENSED": Restriction(
        "No licence could be reserved for this job: your organisation's does not include what it needs.",
        f"{ADMINISTRATOR} to add it to the licence, then start the job again.",
    ),
    "LICENSE.RESERVE.EXCEEDS_MAX": Restriction(
        "This job needs more licences at once than your organisation has.",
        f"Start a smaller job. {ADMINISTRATOR} for more licences if it has to be this large.",
    ),
    "MASON.TOOL_EXECUTION.BILLING_REJECTED": Restriction(
        "The billing of this job was rejected.",
        f"{ADMINISTRATOR} to look at the budget and the payment method, then start the job again.",
    ),
    "MASON.TOOL_EXECUTION.TIER_LIMIT_EXCEEDED": Restriction(
        "This job is larger than your organisation's plan allows.",
        f"Start a smaller job. {ADMINISTRATOR} about a larger plan if it has to be this large.",
    ),
    "CREDITS_TX.PREPARE.INSUFFICIENT": Restriction(
        "There are too few credits for this job.",
        f"{ADMINISTRATOR} to top up the credits, then start the job again; or start a smaller one.",
    ),
    NO_FUNDS: Restriction(
        "The balance does not cover this job.",
        f"{ADMINISTRATOR} to top up the balance, then start the job again; or start a smaller one.",
    ),
}
NOT_APPROVED = Restriction(
    "This purchase was not approved.",
    f"{ADMINISTRATOR}, or whoever approves purchases, to approve it; then start the job again.",
)


@dataclass(frozen=True, slots=True)
class _Found:
    restriction: Restriction
    code: str | None
    said: str | None
    action: str | None


def refusal(content: object, status: int) -> PlatformRestricted | None:
    """Find out whether an answer says that money, licence or tier stand in the way.

    Args:
        content: its decoded body.
        status: its HTTP status; it may be 200.

    Returns:
        The error: our sentence, then what the platform says; the hint is the platform's own action, else
        ours. None when nothing of the kind is in it.
    """
    if not isinstance(content, Mapping):
        return None
    found = tuple(_in_answer(content))
    if not found:
        return None
    first = found[0]
    said = sentences(each.said for each in found)
    message = (
        f"{first.restriction.sentence} Deep Origin says: {said}." if said else first.restriction.sentence
    )
    action = sentences(each.action for each in found)
    hint = f"{action}." if action else first.restriction.action
    return PlatformRestricted(message, status=status, code=first.code, hint=hint)


def unnamed(said: str | None, status: int, code: str | None) -> PlatformRestricted:
    """Build the error for a payment that is required (HTTP 402) by a code that nobody knows."""
    sentence = "Deep Origin's licensing or billing rules forbid it."
    return PlatformRestricted(f"{sentence} It says: {said}." if said else sentence, status=status, code=code)


def why(status: str, status_reason: object) -> str | None:
    """Say why a job is where it is and what to do, if that is because of money, licence or tier.

    Args:
        status: the job's status.
        status_reason: its `statusReason`.
    """
    found = _in_reason(status_reason) or (_no_funds(status_reason) if status == NO_FUNDS else None)
    if found is None:
        return None
    return sentences([found.restriction.sentence, found.said, found.action or found.restriction.action])


def _in_answer(content: Mapping[str, object]) -> Iterator[_Found]:
    """Give what is found in the first place where anything is; only `errors` may hold several."""
    if top := _by_code(content):
        yield top
    elif content.get("purchase_approved") is False or content.get("is_approved") is False:
        yield _Found(
            NOT_APPROVED, None, details.happened(content) or _items(content, COMMENT), _todo(content)
        )
    elif reason := _in_reason(content.get("statusReason")):
        yield reason
    elif content.get("status") == NO_FUNDS:
        yield _no_funds(content.get("statusReason"))
    else:
        errors = content.get("errors")
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, Mapping) and (found := _by_code(error)):
                yield found


def _in_reason(status_reason: object) -> _Found | None:
    if isinstance(status_reason, Mapping):
        return _by_code(status_reason)
    said = text(status_reason) or ""
    code = next((each for each in RESTRICTIONS if "." in each and each in said), None)
    if code is None:
        return None
    return _Found(RESTRICTIONS[code], code, said.replace(code, "").strip(" :;,.-()[]") or None, None)


def _no_funds(status_reason: object) -> _Found:
    if isinstance(status_reason, Mapping):
        said, action = details.happened(status_reason), details.todo(status_reason)
    else:
        said, action = text(status_reason), None
    return _Found(RESTRICTIONS[NO_FUNDS], NO_FUNDS, said, action)


def _by_code(said: Mapping[str, object]) -> _Found | None:
    code = text(said.get("code"))
    if code is None or code not in RESTRICTIONS:
        return None
    return _Found(RESTRICTIONS[code], code, _happened(said), _todo(said))


def _happened(said: Mapping[str, object]) -> str | None:
    return details.happened(said) or _items(said, COMMENT)


def _todo(said: Mapping[str, object]) -> str | None:
    return details.todo(said) or _items(said, TODO)


def _items(said: Mapping[str, object], key: str) -> str | None:
    """Join what the items of a rejected purchase say."""
    items = said.get("items")
    return sentences(
        text(item.get(key))
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, Mapping)
    )
