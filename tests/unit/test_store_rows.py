"""Domain values keep their value on the way to a row and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from dojobbot.domain import Destination, Job, KnownJob, Owed, Transition
from dojobbot.store import rows
from dojobbot.store.tables import Moment
from tests.unit.view_strategies import NOW, jobs

DIALECT = sqlite.dialect()


def through_json(values: rows.Values, *names: str) -> Any:
    """Give a row whose named columns have been JSON text."""
    stored = {name: rows.from_json(rows.to_json(values[name])) for name in names}
    return SimpleNamespace(**{**values, **stored, "id": values.get("id", 1)})


@given(jobs())
def test_any_job_survives_its_row(job: Job) -> None:
    known = KnownJob(job=job, seq=3, read_at=NOW)
    assert rows.known_job(through_json(rows.job_values(known), "progress")) == known


@given(jobs())
def test_any_job_survives_as_a_deliverys_snapshot(job: Job) -> None:
    transition = Transition(job_id=job.id, seq=2, old="Running", new=job.status, seen_at=NOW)
    owed = Owed(Destination("C1"), ("U1", "U2"))
    row = through_json(rows.delivery_values(transition, owed, job, NOW), "mentions", "snapshot")
    delivery = rows.delivery(row, owed.destination)
    assert (delivery.transition, delivery.mentions, delivery.snapshot) == (transition, owed.mentions, job)


@given(jobs(), jobs())
def test_a_digest_tells_jobs_apart(one: Job, other: Job) -> None:
    assert rows.job_digest(one) == rows.job_digest(replace(one))
    assert rows.job_digest(one) != rows.job_digest(replace(one, name=f"{one.name} renamed"))
    if one != other:
        assert rows.job_digest(one) != rows.job_digest(other)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - bounds
def test_any_moment_survives_to_the_microsecond(moment: datetime) -> None:
    stored = Moment().process_bind_param(moment, DIALECT)
    assert Moment().process_result_value(stored, DIALECT) == moment.astimezone(UTC)


def test_moments_sort_across_zones() -> None:
    later = (NOW + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-9)))
    first, second = (Moment().process_bind_param(each, DIALECT) for each in (NOW, later))
    assert first is not None
    assert second is not None
    assert first < second


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        Moment().process_bind_param(NOW.replace(tzinfo=None), DIALECT)
