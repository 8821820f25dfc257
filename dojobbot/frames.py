"""Jobs as a pandas dataframe: `get_dataframe`. The only module that imports pandas."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Unpack

import numpy as np
import pandas as pd

from dojobbot.arguments import at_least_one, wrong
from dojobbot.credentials import Credentials, account_for
from dojobbot.deeporigin import requests
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.blocking import BlockingClient
from dojobbot.deeporigin.columns import NO_MOMENT, Columns, Extras
from dojobbot.deeporigin.paging import PagePlan
from dojobbot.deeporigin.requests import Request
from dojobbot.directory import PlatformUser
from dojobbot.domain import KNOWN_STATUSES, SYNONYMS, JobFilter, normalise
from dojobbot.screen import ProgressBar

__all__ = ["FrameQuery", "build", "fetch_frame", "fetch_some", "get_dataframe", "records"]

PAGE_SIZE = 1_000
"""As in the official client: large enough that the way to and fro hardly counts, small enough to hold."""

TEXT = pd.StringDtype("python")
_MINUTE, _HALF_A_MINUTE = 60_000_000, 30_000_000
_KEY = "the whole key of one tool, such as 'deeporigin.docking'"
_LIMIT = "a whole number of jobs, at least 1, or None for all"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameQuery:
    """Which jobs, and what of them. `statuses`: normalised; None for all of them.

    `keeps`: what the platform cannot filter by, asked of each row as it comes: it has the fields of
    `extras.looked_at` and of every dataframe, named as in `columns`.
    """

    statuses: frozenset[str] | None = None
    tool_key: str | None = None
    created_after: datetime | None = None
    limit: int | None = None
    extras: Extras = field(default_factory=Extras)
    resolve_user_names: bool = False
    keeps: Callable[[Any], bool] | None = None


def get_dataframe(
    only_with_status: str | Iterable[str] | None = None,
    *,
    tool_key: str | None = None,
    created_after: datetime | None = None,
    limit: int | None = None,
    include_metadata: bool = False,
    include_inputs: bool = False,
    include_outputs: bool = False,
    resolve_user_names: bool = False,
    **credentials: Unpack[Credentials],
) -> pd.DataFrame:
    """Get the organisation's jobs, newest first, one row each.

    The columns, in this order, and their dtypes, which are the same whatever the rows, also for no rows:

    - `id` (string): the job's id, as in `Job.from_id`; the platform's `executionId`.
    - `created_at` (datetime64[us, UTC]): when the request for the job was received. Timestamps carry their
      zone, so that a comparison with local time cannot go wrong silently; microseconds cover every year.
    - `execution_id` (string): the platform's internal `resourceId`.
    - `completed_at`, `started_at` (datetime64[us, UTC]): NaT where the platform has no such time; a cancelled
      job has no `completed_at`.
    - `status` (string): the newer word `Completed` is given as `Succeeded`, so one comparison finds both.
    - `tool_key`, `tool_version` (string): a version is text even where it looks like a number: `4`, `0.2.8`.
    - `user_name` (string): the id of who started the job, or the name with `resolve_user_names`.
    - `run_duration_minutes` (Int64, which has room for missing values without becoming float): from start to
      completion, rounded to the nearest minute, half a minute up; missing while either time is.
    - `metadata`, `user_inputs`, `user_outputs` (object), each only when asked for: what the platform has, as
      dicts and lists; None where there is no metadata, an empty dict where there are no inputs or outputs.

    Text is `StringDtype("python")`, with `<NA>` for what is missing: one dtype on every pandas, with and
    without pyarrow, and no column that turns into numbers when it is empty.

    Args:
        only_with_status: one status or several, in any case; `Succeeded` also finds `Completed`. The platform
            filters by it. None for all; no status at all gives no rows.
        tool_key: only jobs of this tool, by its whole key, such as `deeporigin.docking`: the platform finds
            nothing by a part of it.
        created_after: only jobs created after this moment, which carries its zone.
        limit: at most this many, the newest.
        include_metadata: adds the column `metadata`.
        include_inputs: adds the column `user_inputs`.
        include_outputs: adds the column `user_outputs`.
        resolve_user_names: turns the ids in `user_name` into names; an id stays where no name is known.
        **credentials: `token`, `org_key`, `base_url`, `project_id`, each instead of its environment variable
            (`DO_AUTH_TOKEN`, `DO_ORG_KEY`, `DO_BASE_URL` or `DO_ENV`, `DO_PROJECT_ID`).

    Raises:
        ValueError: an unknown status (the message lists the known ones), a limit below 1, a moment without a
            zone.
        TypeError: an argument of another type (the message says what it takes), or one that there is not.
        SettingsError: a credential is missing or wrong.
        PlatformError: the platform could not be reached or refused; there is no partial dataframe.

    Warns:
        UserWarning: rows that have no readable id were left out; or a `tool_key` without a dot, which is
            hardly a whole one, found nothing.
    """
    query = FrameQuery(
        statuses=_statuses(only_with_status),
        tool_key=_key(tool_key),
        created_after=_aware(created_after),
        limit=None if limit is None else at_least_one("limit", limit, _LIMIT),
        extras=Extras(metadata=include_metadata, inputs=include_inputs, outputs=include_outputs),
        resolve_user_names=resolve_user_names,
    )
    account = account_for(get_dataframe, credentials)
    with closing(ProgressBar("Deep Origin jobs")) as bar:
        frame = fetch_frame(account, query, report=bar.show)
    is_part = query.tool_key is not None and "." not in query.tool_key
    if is_part and frame.empty and query.statuses != frozenset():
        message = f"tool_key={tool_key!r:.60} found no jobs: it takes {_KEY}, as in the column tool_key"
        warnings.warn(message, UserWarning, stacklevel=2)
    return frame


def fetch_frame(
    account: Account, query: FrameQuery, *, report: Callable[[int, int | None], None]
) -> pd.DataFrame:
    """Fetch the dataframe that `get_dataframe` describes.

    Args:
        account: where to fetch it.
        query: which jobs, and what of them.
        report: called after each page with the number of jobs so far and in all, where that is known.

    Raises:
        PlatformError: the platform could not be reached or refused.
    """
    frame, bad_names = fetch_some(account, query, report=report)
    if bad_names:
        shown = ", ".join(sorted(bad_names)[:5])
        message = f"{len(bad_names)} of the platform's jobs could not be read and are left out: {shown}"
        warnings.warn(message, UserWarning, stacklevel=3)
    return frame


def fetch_some(
    account: Account, query: FrameQuery, *, report: Callable[[int, int | None], None]
) -> tuple[pd.DataFrame, frozenset[str]]:
    """Fetch a dataframe as `fetch_frame` does, and the names of the rows that could not be read."""
    columns = Columns(query.extras)
    bad_names: set[str] = set()
    names: dict[str, str] = {}
    in_order = True
    if query.statuses is None or query.statuses:
        with BlockingClient(account) as client:
            if query.resolve_user_names:
                names = _names(client.users())
            in_order = _fetch(client, query, columns, bad_names, report)
    frame = build(columns, names)
    if not in_order:
        frame = frame.sort_values("created_at", ascending=False, kind="stable", ignore_index=True)
    if query.limit is not None and len(frame) > query.limit:
        # A copy: of a part, older pandas warn whoever adds a column.
        frame = frame.head(query.limit).copy()
    return frame, frozenset(bad_names)


def _fetch(
    client: BlockingClient,
    query: FrameQuery,
    columns: Columns,
    bad_names: set[str],
    report: Callable[[int, int | None], None],
) -> bool:
    """Fill the columns, and the names of the rows that could not be read; gives whether they are in order."""
    # Where rows are chosen here, how many it takes to find enough of them shows on the way.
    wanted_rows = query.limit if query.keeps is None else None
    plan = PagePlan(limit=wanted_rows, size=min(wanted_rows or PAGE_SIZE, PAGE_SIZE))
    wanted = JobFilter(statuses=query.statuses or frozenset(), created_after=query.created_after)
    seen = 0

    def request_of(number: int) -> Request:
        return requests.listing(
            client.account.org_key,
            wanted,
            page=number,
            page_size=plan.size,
            project_id=client.account.project_id,
            tool_key=query.tool_key,
        )

    for number, body in client.pages(plan, request_of):
        rows, bad, count = columns.open(body)
        fresh = plan.note(
            number, [*(row.execution_id for row in rows), *(row.name for row in bad)], count=count
        )
        found = [row for row, is_fresh in zip(rows, fresh, strict=False) if is_fresh]
        seen += len(found)
        columns.add(found if query.keeps is None else [row for row in found if query.keeps(row)])
        bad_names.update(row.name for row in bad)
        report(seen, plan.count if wanted_rows is None else wanted_rows)
        is_enough = query.keeps is not None and query.limit is not None and len(columns.ids) >= query.limit
        if is_enough and plan.is_settled:
            break
    return not plan.went_back


def records(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Give a dataframe's rows as plain values: text, whole numbers, moments in UTC, dicts; None for nothing.

    A part of it at a time, so that a large one is not in memory twice.
    """
    for start in range(0, len(frame), PAGE_SIZE):
        part = frame.iloc[start : start + PAGE_SIZE]
        yield from zip(*(_plain(part[name]) for name in part.columns), strict=True)


def _plain(column: Any) -> list[Any]:
    if column.dtype == object:
        return list(column)
    values = column.tolist()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return [None if value is pd.NaT else value.to_pydatetime() for value in values]
    return [None if value is pd.NA else value for value in values]


def build(columns: Columns, names: Mapping[str, str]) -> pd.DataFrame:
    """Make the dataframe that `get_dataframe` describes. `names`: by the ids that people's jobs carry."""
    creators = [who and names.get(who, who) for who in columns.creators] if names else columns.creators
    found: dict[str, Any] = {
        "id": _text(columns.ids),
        "created_at": _moments(columns.created),
        "execution_id": _text(columns.resource_ids),
        "completed_at": _moments(columns.completed),
        "started_at": _moments(columns.started),
        "status": _text(columns.statuses),
        "tool_key": _text(columns.tool_keys),
        "tool_version": _text(columns.tool_versions),
        "user_name": _text(creators),
        "run_duration_minutes": _minutes(columns.started, columns.completed),
    }
    for name, values in columns.extras.items():
        # As in the official client, `row.user_inputs["x"]` needs no check for None. Metadata passes as it is.
        kept = values if name == "metadata" else [{} if value is None else value for value in values]
        found[name] = pd.Series(kept, dtype=object)
    return pd.DataFrame(found, copy=False)


def _text(words: Sequence[str | None]) -> Any:
    return pd.array(words, dtype=TEXT)


def _moments(microseconds: array[int]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.asarray(microseconds).view("M8[us]"), tz="UTC")


def _minutes(started: array[int], completed: array[int]) -> Any:
    begin, end = np.asarray(started), np.asarray(completed)
    missing = (begin == NO_MOMENT) | (end == NO_MOMENT)
    took = np.where(missing, 0, end) - np.where(missing, 0, begin)
    return pd.arrays.IntegerArray((took + _HALF_A_MINUTE) // _MINUTE, missing)


def _names(users: Iterable[PlatformUser]) -> dict[str, str]:
    """Map what `createdBy` may hold, which is either form of a person's id, to names."""
    return {
        key: user.name
        for user in users
        if user.name is not None
        for key in (user.id, user.auth_id)
        if key is not None
    }


def _statuses(wanted: object) -> frozenset[str] | None:
    if wanted is None:
        return None
    words: list[object] = (
        [wanted] if isinstance(wanted, str) or not isinstance(wanted, Iterable) else [*wanted]
    )
    names = [word for word in words if isinstance(word, str)]
    if len(names) < len(words):
        raise wrong("only_with_status", wanted, "a status such as 'Running', or several of them")
    return frozenset(_status(name) for name in names)


def _status(word: str) -> str:
    known = {name.lower(): normalise(name) for name in (*KNOWN_STATUSES, *SYNONYMS)}
    found = known.get(word.strip().lower())
    if found is not None:
        return found
    near = get_close_matches(word.lower(), known, n=1)
    guess = f" Did you mean {known[near[0]]!r}?" if near else ""
    names = ", ".join(sorted((*KNOWN_STATUSES, *SYNONYMS)))
    raise ValueError(f"unknown status {word!r}.{guess} The known ones are: {names}")


def _key(tool_key: object) -> str | None:
    if tool_key is None or isinstance(tool_key, str):
        return tool_key
    raise wrong("tool_key", tool_key, _KEY)


def _aware(moment: object) -> datetime | None:
    if moment is None:
        return None
    example = "datetime(2026, 11, 1, tzinfo=timezone.utc)"
    if moment is pd.NaT or not isinstance(moment, datetime):
        raise wrong("created_after", moment, f"a datetime with a time zone, for example {example}")
    if moment.tzinfo is None:
        raise ValueError(
            f"created_after={moment.isoformat()} has no time zone: give it one, for example {example}"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"created_after={moment.isoformat()} is outside the calendar of UTC") from None
