"""`/healthz`, `/readyz` and `/metrics`: how the process is, for the machines that keep it running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from dojobbot.errors import StoreError
from dojobbot.kept_stream import StreamState
from dojobbot.notifier import Tally
from dojobbot.ports import Clock, Store
from dojobbot.watcher import Health

__all__ = ["Vitals", "routes"]

ANSWERS_WITHIN_SECONDS = 3.0
"""Who asks gives up before a lock's own patience ends, and would take us for dead."""


def _starting() -> str:
    return "starting"


def _not_asked_yet() -> Health:
    return Health(trouble="not asked yet")


def _nobody_listens() -> tuple[StreamState, ...]:
    return ()


@dataclass(slots=True, kw_only=True)
class Vitals:
    """Where to look. What has not started yet is filled in when it has.

    `slack` and `notifier` say what is wrong with the link to Slack and with the sending of messages, or
    nothing. `leads`: whether this replica watches the platform; `is_led`: whether another one does, as far as
    this one has heard. `streams`: how its event streams are.
    """

    store: Store
    clock: Clock
    slack: Callable[[], str]
    notifier: Callable[[], str] = _starting
    watcher: Callable[[], Health] = _not_asked_yet
    leads: Callable[[], bool] = lambda: False
    is_led: Callable[[], bool] = lambda: False
    streams: Callable[[], tuple[StreamState, ...]] = _nobody_listens
    tally: Tally = field(default_factory=Tally)


def routes(vitals: Vitals) -> list[web.RouteDef]:
    """Make the three routes."""
    store_check = _StoreCheck(vitals.store)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        store, lag = await asyncio.gather(store_check.trouble(), lag_seconds(vitals))
        slack = vitals.slack()
        health = vitals.watcher()
        ready = not store and not slack
        return web.json_response(
            {
                "ready": ready,
                "store": store or "ok",
                "slack": slack or "ok",
                "notifier": vitals.notifier() or "ok",
                "role": "leader" if vitals.leads() else "standby",
                # The platform's state never makes us unready: commands still answer, and say so.
                "platform": _platform(vitals, health),
                "platform_lag_seconds": lag,
                "jobs_unreadable": health.unreadable,
                "event_streams": [_stream(state) for state in vitals.streams()],
            },
            status=200 if ready else 503,
        )

    async def metrics(_: web.Request) -> web.Response:
        registry = CollectorRegistry()
        registry.register(_Metrics(vitals, await lag_seconds(vitals)))
        return web.Response(body=generate_latest(registry), content_type="text/plain", charset="utf-8")

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


async def lag_seconds(vitals: Vitals) -> float | None:
    """Give the seconds since the last complete tick began, on whichever replica.

    None before the first, and while the store can't be asked: that has its own field.
    """
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
            last = await vitals.store.last_look()
    except (StoreError, TimeoutError):
        return None
    return None if last is None else round((vitals.clock.now() - last).total_seconds(), 1)


def _platform(vitals: Vitals, health: Health) -> str:
    """Say how the platform is, as far as this replica knows."""
    if health.trouble or vitals.leads():
        return health.trouble or "ok"
    if vitals.is_led():
        return "another replica watches it"
    return "not watched: the lease on that could not be taken or renewed yet"


def _stream(state: StreamState) -> dict[str, object]:
    """Say how a stream is; without one, jobs are polled, so that it never makes us unready."""
    since = state.open_since
    return {
        "project": state.project_id,
        "jobs": state.jobs,
        "open_since": None if since is None else since.isoformat(timespec="seconds"),
        "trouble": state.trouble or "ok",
    }


class _StoreCheck:
    """Asks whether the store can be written; whoever asks meanwhile waits for the same answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: asyncio.Task[str] | None = None

    async def trouble(self) -> str:
        """Say what is wrong, or nothing; that the database is busy when it takes its time."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(_store_trouble(self._store))
        asked = self._asked
        await asyncio.wait({asked}, timeout=ANSWERS_WITHIN_SECONDS)
        return asked.result() if asked.done() else "the database is busy"


async def _store_trouble(store: Store) -> str:
    try:
        await store.ping()
    except StoreError as error:
        return str(error)
    return ""


class _Metrics:
    """The numbers of a moment."""

    def __init__(self, vitals: Vitals, lag: float | None) -> None:
        self._vitals = vitals
        self._lag = lag

    def collect(self) -> Iterator[Metric]:
        tally = self._vitals.tally
        for name, value, meaning in (
            ("posts", tally.posts, "Messages that arrived in Slack."),
            ("edits", tally.edits, "Edits of live cards."),
            ("posts_dead", tally.dead, "Messages that Slack will never take."),
            ("posts_redirected", tally.redirected, "Direct messages owed in the place of dead messages."),
            ("subscriptions_paused", tally.paused, "Paused where nothing can be posted any more."),
            ("people_untold", tally.untold, "Makers of them whom no direct message reaches."),
            ("posts_resent_unverified", tally.resent_unverified, "Sent again where history can't be read."),
            ("slack_throttled", tally.throttled, "Times that Slack asked us to slow down."),
        ):
            yield CounterMetricFamily(f"dojobbot_{name}", meaning, value=value)
        yield GaugeMetricFamily(
            "dojobbot_leader", "1 on the replica that watches Deep Origin.", value=self._vitals.leads()
        )
        if self._lag is not None:
            yield GaugeMetricFamily(
                "dojobbot_platform_lag_seconds",
                "Seconds since the last complete tick began, on whichever replica.",
                value=self._lag,
            )
        states = self._vitals.streams()
        for name, count, meaning in (
            ("event_streams", len(states), "Event streams that are kept open."),
            (
                "event_streams_open",
                sum(s.open_since is not None for s in states),
                "Those of them that are open.",
            ),
            (
                "event_stream_jobs",
                sum(s.jobs for s in states if s.open_since),
                "Jobs that open streams follow.",
            ),
        ):
            yield GaugeMetricFamily(f"dojobbot_{name}", meaning, value=count)
