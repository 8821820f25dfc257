"""One clock for all replicas, though their machines' clocks are off."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.clock import SharedClock, corrected
from dojobbot.errors import StoreError
from dojobbot.leases import Lease

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPANS = st.timedeltas(timedelta(days=-2), timedelta(days=2))
DELAYS = st.timedeltas(timedelta(), timedelta(seconds=10))


@dataclass
class Database:
    """A database whose clock is `ahead` of the true time, and a machine whose clock is `error` off."""

    ahead: timedelta | None = timedelta()
    error: timedelta = timedelta()
    true: datetime = NOON
    delays: list[timedelta] = field(default_factory=list)
    answers: bool = True
    put_right: list[timedelta] = field(default_factory=list)

    def machine(self) -> datetime:
        return self.true + self.error

    async def database_time(self) -> datetime | None:
        """It takes some time to ask, and some to answer."""
        if not self.answers:
            raise StoreError("The database failed.", hint="Look at it.")
        if self.ahead is None:
            return None
        there, back = (self.delays.pop(0) if self.delays else timedelta() for _ in range(2))
        theirs = self.true + there + self.ahead
        self.true += there + back
        return theirs

    async def set_back(self, by: timedelta, now: datetime) -> None:
        assert now.tzinfo is not None
        self.put_right.append(by)

    async def take_lease(self, name: str, holder: str, now: datetime, *, lasting: timedelta) -> Lease | None:
        raise NotImplementedError

    async def give_lease_back(self, lease: Lease) -> None:
        raise NotImplementedError


@given(SPANS, SPANS, DELAYS, DELAYS)
def test_what_is_measured_is_wrong_by_no_more_than_half_of_the_way(
    offset: timedelta, truth: timedelta, there: timedelta, back: timedelta
) -> None:
    after = NOON + there + back
    found = corrected(offset, before=NOON, theirs=NOON + there + truth, after=after)
    assert abs(found - truth) <= there + back
    if offset == found:
        return
    assert abs(found - truth) <= (there + back) / 2 + timedelta(microseconds=1)


def test_a_clock_that_may_be_right_is_left_alone() -> None:
    """An answer that took long says little; the clock does not jump with each of them."""
    after = NOON + timedelta(seconds=3)
    assert corrected(timedelta(), before=NOON, theirs=NOON + timedelta(seconds=1), after=after) == timedelta()


@pytest.mark.parametrize("error", [timedelta(hours=-7), timedelta(seconds=-3), timedelta(seconds=40)])
async def test_two_machines_mean_the_same_moment(error: timedelta) -> None:
    one, other = Database(), Database(error=error)
    clocks = [SharedClock(one.machine), SharedClock(other.machine)]
    for clock, database in zip(clocks, (one, other), strict=True):
        await clock.measure(database)
    assert clocks[0].now() == clocks[1].now() == NOON


async def test_a_clock_that_is_set_anew_meanwhile_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    """Each jump is said once; what is measured again and again is not."""
    caplog.set_level(logging.INFO)
    database = Database()
    clock = SharedClock(database.machine)
    for error in (0, 0, 60, 60, 60.5):
        database.error = timedelta(seconds=error)
        await clock.measure(database)
        assert abs(clock.now() - database.true) < timedelta(seconds=1)
    assert [message.split(" off")[0] for message in caplog.messages] == ["this machine's clock is +60.0 s"]


async def test_a_database_without_a_clock_leaves_the_machines_alone() -> None:
    database = Database(ahead=None, error=timedelta(seconds=5))
    clock = SharedClock(database.machine)
    await clock.measure(database)
    assert clock.now() == database.machine()


@dataclass
class Machine:
    """A machine's clocks: the one that is set, and the one that is not."""

    steady: float = 100.0
    ahead: timedelta = timedelta()

    def wall(self) -> datetime:
        return NOON + timedelta(seconds=self.steady) + self.ahead

    def count(self) -> float:
        return self.steady


async def test_a_clock_that_is_set_back_is_said_once_and_put_right_in_the_store(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also when the database does not answer at first. A clock that is set forward makes nobody wait."""
    machine, database, heard = Machine(), Database(ahead=None), list[str]()
    clock = SharedClock(machine.wall, machine.count)
    clock.on_set_back(lambda: heard.append("set back"))
    for ahead in (0, 1, 0, 7200):
        machine.ahead = timedelta(seconds=ahead)
        await clock.look(database)
    assert heard == []
    machine.ahead = timedelta(seconds=3600)
    database.answers = False
    with pytest.raises(StoreError):
        await clock.look(database)
    assert (heard, clock.now()) == ([], machine.wall())
    database.answers = True
    for _ in range(2):
        machine.steady += 20
        await clock.look(database)
    assert heard == ["set back"]
    assert database.put_right == [timedelta(hours=1)]
    assert caplog.messages == ["this machine's clock was set back by 3600 s"]


async def test_where_the_database_has_a_clock_its_moments_stay() -> None:
    """Only those wait who look at the machine's."""
    database, heard = Database(), list[str]()
    clock = SharedClock(database.machine, steady=lambda: 0.0)
    clock.on_set_back(lambda: heard.append("set back"))
    database.error = timedelta(minutes=-30)
    await clock.look(database)
    assert (clock.now(), heard, database.put_right) == (database.true, ["set back"], [])
