"""The query of an execution listing: page, order and the filter grammar that clients are known to use.

Anything else is refused, so that a mistake in a client shows at once and is not taken for an empty result.
The official client up to 4.3 filters by `status` and `metadata`, every version by `tool.toolManifest.key`,
and 5.4 also by `session`, `projectId` and `createdAt`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dojobbot.simulator.platform_errors import bad_parameter
from dojobbot.simulator.world import Execution, StoredJob

MAX_PAGE_SIZE = 10_000
DEFAULT_PAGE_SIZE = 100
PARAMETERS = frozenset({"page", "pageSize", "order", "filter"})
ORDER_FIELDS = frozenset({"executionId", "createdAt", "startedAt", "completedAt", "status", "tool", "name"})

Test = Callable[[Execution], bool]


@dataclass(frozen=True)
class Listing:
    """A listing that was asked for; `statuses` is None where every status will do."""

    page: int
    page_size: int
    order_field: str
    descending: bool
    statuses: frozenset[str] | None
    tests: tuple[Test, ...]

    def matches(self, execution: Execution) -> bool:
        """Whether the execution passes every test besides that of its status."""
        return all(test(execution) for test in self.tests)

    def arrange(self, jobs: list[StoredJob]) -> list[StoredJob]:
        """The jobs in the order that was asked for; as in PostgreSQL a null counts as the largest value."""

        def rank(job: StoredJob) -> tuple[bool, str]:
            value = job.execution.get(self.order_field)
            if isinstance(value, dict):
                value = value.get("key")
            return value is None, value or ""

        return sorted(jobs, key=rank, reverse=self.descending)

    def cut(self, jobs: list[StoredJob]) -> list[StoredJob]:
        """The page that was asked for."""
        return jobs[self.page * self.page_size : (self.page + 1) * self.page_size]


def parse_listing(query: Mapping[str, str]) -> Listing:
    """Read the query of a listing.

    Args:
        query: the decoded query parameters.

    Returns:
        The listing. Without an order it is by id: random UUIDs, so that nobody comes to rely on its order.

    Raises:
        ApiError: 400 for whatever is malformed or not in the grammar.
    """
    for name in query:
        if name not in PARAMETERS:
            raise bad_parameter(name, f"Unknown query parameter '{name}'.")
    page = _number(query, "page", 0)
    page_size = _number(query, "pageSize", DEFAULT_PAGE_SIZE)
    if not 1 <= page_size <= MAX_PAGE_SIZE:
        raise bad_parameter("pageSize", f"pageSize must be between 1 and {MAX_PAGE_SIZE}.")
    field, _, direction = query.get("order", "executionId asc").partition(" ")
    if field not in ORDER_FIELDS or direction not in {"asc", "desc"}:
        raise bad_parameter("order", "order must be '<field> asc' or '<field> desc' on a sortable field.")
    statuses, tests = _parse_filter(query.get("filter", "{}"))
    return Listing(page, page_size, field, direction == "desc", statuses, tests)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise bad_parameter(name, f"{name} must be a whole number of 0 or more.")
    return int(text)


def _parse_filter(text: str) -> tuple[frozenset[str] | None, tuple[Test, ...]]:
    try:
        asked = json.loads(text)
    except ValueError:
        raise bad_parameter("filter", "filter is not valid JSON.") from None
    if not isinstance(asked, dict):
        raise bad_parameter("filter", "filter must be a JSON object.")
    statuses: frozenset[str] | None = None
    tests: list[Test] = []
    for field, condition in asked.items():
        match field:
            case "status":
                statuses = _statuses(condition)
            case "metadata":
                tests.append(_metadata(condition))
            case "tool":
                tests.append(_tool(condition))
            case "session" | "projectId":
                tests.append(_equal(field, condition))
            case "createdAt":
                tests.append(_created(condition))
            case _:
                raise bad_parameter("filter", f"filter: unknown field '{field}'.")
    return statuses, tuple(tests)


def _statuses(condition: object) -> frozenset[str]:
    match condition:
        case {"$in": [*values], **rest} if not rest and all(isinstance(value, str) for value in values):
            return frozenset(values)
    raise bad_parameter("filter", 'filter: status must be {"$in": [strings]}.')


def _metadata(condition: object) -> Test:
    if condition in ({"$exists": True, "$ne": None}, {"$exists": True}, {"$ne": None}):
        return lambda execution: execution.get("metadata") is not None
    raise bad_parameter("filter", 'filter: metadata must be {"$exists": true, "$ne": null}.')


def _tool(condition: object) -> Test:
    match condition:
        case {"toolManifest": {"key": str(key), **more}, **rest} if not rest and not more:
            return lambda execution: (execution.get("tool") or {}).get("key") == key
    raise bad_parameter("filter", 'filter: tool must be {"toolManifest": {"key": string}}.')


def _equal(field: str, condition: object) -> Test:
    if not isinstance(condition, str):
        raise bad_parameter("filter", f"filter: {field} must be a string.")
    return lambda execution: execution.get(field) == condition


def _created(condition: object) -> Test:
    match condition:
        case {"$gt": str(after), **rest} if not rest:
            return lambda execution: (execution.get("createdAt") or "") > after
        case {"$gte": str(since), **rest} if not rest:
            return lambda execution: (execution.get("createdAt") or "") >= since
    raise bad_parameter("filter", 'filter: createdAt must be {"$gt": stamp} or {"$gte": stamp}.')
