"""`Job` when much happens at once: a poll during a cancel, an end before it, a follower that breaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from dojobbot import Job
from dojobbot.deeporigin.blocking import BlockingClient
from dojobbot.domain import Job as Known
from dojobbot.domain import Snapshot
from dojobbot.errors import DojobbotError, PlatformRefused
from dojobbot.job_follow import Follower
from dojobbot.screen import Screen

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def seen(status: str, seconds: float) -> Snapshot:
    """A reading that began so many seconds after noon."""
    job = Known(id="9e9eb45e", status=status, raw_status=status)
    return Snapshot(job=job, raw={}, began_at=NOON + timedelta(seconds=seconds))


class SlowPlatform:
    """A platform that answers a cancel ten seconds after it was asked, and what happens meanwhile."""

    def __init__(self, after: str) -> None:
        self.after = after
        self.clock = NOON
        self.meanwhile: Callable[[], object] = lambda: None

    def now(self) -> datetime:
        """The time."""
        return self.clock

    def get(self, _job_id: str, **_how: Any) -> Snapshot:
        """A running job, read now."""
        return Snapshot(job=seen("Running", 0).job, raw={}, began_at=self.clock)

    def cancel(self, _job_id: str) -> Snapshot:
        """The reply, with the moment at which it was asked for."""
        asked_at = self.clock
        self.clock += timedelta(seconds=5)
        self.meanwhile()
        self.clock += timedelta(seconds=5)
        return Snapshot(job=seen(self.after, 0).job, raw={}, began_at=asked_at)


def job_on(platform: SlowPlatform) -> Job:
    return Job(seen("Running", -60), cast(BlockingClient, platform))


def test_a_poll_that_began_during_a_cancel_does_not_undo_its_answer() -> None:
    platform = SlowPlatform("Cancelled")
    job = job_on(platform)
    platform.meanwhile = job.refresh
    job.cancel()
    assert job.status == "Cancelled"


def test_a_job_that_ended_before_the_cancel_reached_it_is_told() -> None:
    job = job_on(SlowPlatform("Succeeded"))
    with pytest.raises(
        PlatformRefused, match="has ended meanwhile, and is Succeeded: there is nothing to cancel"
    ):
        job.cancel()
    assert job.status == "Succeeded"


class BrokenScreen:
    """A screen on which nothing can be drawn after the first time."""

    drawn = 0

    def draw(self, _picture: object) -> None:
        """Draw, once."""
        self.drawn += 1
        if self.drawn > 1:
            raise RuntimeError("the display is gone")


def test_a_follower_that_breaks_says_so_to_whoever_waits() -> None:
    platform = SlowPlatform("Running")
    follower = Follower(
        cast(BlockingClient, platform),
        seen("Running", 0),
        lambda snapshot: snapshot,
        lines=lambda: None,
        screen=cast(Screen, BrokenScreen()),
        interval=0.05,
    )
    assert follower.over.wait(10)
    assert isinstance(follower.error, DojobbotError)
    assert "the display is gone" in str(follower.error)
    assert isinstance(follower.error.__cause__, RuntimeError)
