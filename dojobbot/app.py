"""The composition root: opens, starts and closes everything, in this order and back."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import TypeVar

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot import health
from dojobbot.clock import SharedClock
from dojobbot.config import Settings, needed_by_workers
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.deeporigin.stream import EventStreamClient
from dojobbot.errors import DojobbotError, PlatformError, SettingsError, TokenRejected
from dojobbot.exporting.process import WorkerProcesses, remove_leftovers
from dojobbot.exports import Exports
from dojobbot.leadership import Leadership
from dojobbot.listener import Listener
from dojobbot.notifier import Notifier
from dojobbot.people import People
from dojobbot.ports import Clock, EventStream, Platform, Store
from dojobbot.slack import actions, batching, commands, details, home, pauses
from dojobbot.slack.messenger import SlackMessenger, patient_client
from dojobbot.slack.replies import Desk
from dojobbot.slack.services import Services
from dojobbot.slack.socket_mode import SocketLink
from dojobbot.slack.transport import SignedHttp, bolt_app, identify
from dojobbot.store.store import open_store
from dojobbot.watcher import Watcher

__all__ = ["Parts", "running"]

FIRST_CHECK_SECONDS = 5.0
HANDLERS_SECONDS = 2.0
LAST_POST_SECONDS = 2.0
HANDOVER_SECONDS = 1.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class Parts:
    """The tasks that run for as long as the bot does."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, *tasks: asyncio.Task[None]) -> None:
        """Take parts in; each task's name says which part it is."""
        self._tasks.update(tasks)

    async def during(self, work: Coroutine[None, None, T]) -> T:
        """Do some work while all the parts run.

        Raises:
            DojobbotError: a part ended by itself; the work was given up.
        """
        working = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({working, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()
            await asyncio.wait({working})
        for part in self._tasks.intersection(done):
            log.error("the %s ended by itself", part.get_name(), exc_info=_failure(part))
            raise DojobbotError(
                f"The {part.get_name()} ended by itself, and nothing works without it.",
                hint="Start the bot again; if it stays, report what its log says above.",
            )
        return working.result()


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Parts]:
    """Run the bot until the block is left; gives its parts once Slack is reached.

    Its health page is there before: a bot that waits for Slack is alive.

    Raises:
        SettingsError: Slack or the platform says that a token is wrong, or the health page has no place.
        StoreError: the database cannot be used, or is in use.
        DojobbotError: a part ended by itself.
    """
    parts = Parts()
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.database_url))
        clock = SharedClock()
        await clock.measure(store)
        slack = patient_client(settings.slack_bot_token, settings.slack_api_url)
        link = _link(settings, slack)
        vitals = health.Vitals(store=store, clock=clock, slack=link.trouble)
        address = await stack.enter_async_context(
            _http(settings.http_host, settings.http_port, [*health.routes(vitals), *link.routes()])
        )
        log.info("health is at %s/readyz", address)
        account = _account(settings)
        platform = await stack.enter_async_context(PlatformClient(account, now=clock.now))
        stream = await stack.enter_async_context(EventStreamClient(account))
        me, _ = await asyncio.gather(identify(slack), _check(platform.check))
        await store.bind(
            {
                "platform": settings.do_base_url,
                "organisation": settings.do_org,
                "slack team": me.team_id or "",
            }
        )
        stack.callback(_in_the_background(clock.keep(store), parts, name="clock"))
        bolt = await stack.enter_async_context(
            _working(settings, me, store, platform, stream, clock=clock, vitals=vitals, parts=parts)
        )
        # Last in, first out: what comes from Slack stops before what it needs.
        stack.push_async_callback(link.close)
        parts.add(*await parts.during(link.open(bolt)))
        log.info("running for workspace %s, organisation %s", me.team or me.team_id, settings.do_org)
        yield parts


@contextlib.asynccontextmanager
async def _working(
    settings: Settings,
    me: AuthorizeResult,
    store: Store,
    platform: Platform,
    stream: EventStream,
    *,
    clock: SharedClock,
    vitals: health.Vitals,
    parts: Parts,
) -> AsyncIterator[AsyncApp]:
    """Let watcher and notifier work, with Slack's link or without; gives the app to link to Slack."""
    messenger = SlackMessenger(settings.slack_bot_token, settings.slack_api_url)
    people = _people(settings, me, platform, messenger, clock)
    keep = timedelta(days=settings.retention_days)
    notifier = Notifier(store, messenger, people, clock, keep=keep, platform=platform)
    leadership = Leadership(store, clock, holder=_name())
    watcher = Watcher(platform, store, clock, on_change=notifier.wake, leadership=leadership)
    listener = Listener(stream, store, clock, leadership=leadership, on_change=watcher.wake)
    desk = Desk()
    await asyncio.to_thread(remove_leftovers)
    workers = WorkerProcesses(_account(settings), needed_by_workers(os.environ))
    exports = Exports(workers, store, messenger, clock, wake=notifier.wake)
    bolt = bolt_app(me, settings.slack_api_url)
    services = Services(
        platform=platform,
        store=store,
        messenger=messenger,
        people=people,
        clock=clock,
        desk=desk,
        exports=exports,
        wake=_all_of(notifier.wake, listener.poke),
        project_id=settings.do_project_id,
        poll_seconds=settings.poll_seconds,
    )
    for handlers in (commands, batching, actions, details, home, pauses):
        handlers.register(bolt, services)
    delivering = asyncio.create_task(notifier.run(), name="notifier")
    watcher.start(settings.poll_seconds)
    clock.on_set_back(_all_of(watcher.clock_set_back, notifier.wake))
    leading = asyncio.create_task(leadership.run(), name="leadership")
    listener.start()
    promising = asyncio.create_task(exports.run(), name="exports")
    parts.add(delivering, leading, promising)
    vitals.tally = notifier.tally
    vitals.notifier = lambda: "it ended" if delivering.done() else notifier.trouble()
    vitals.watcher = lambda: watcher.health
    vitals.leads = lambda: leadership.leads
    vitals.is_led = lambda: leadership.is_anothers
    vitals.streams = lambda: listener.states
    try:
        yield bolt
    finally:
        await listener.stop()
        # Side by side, so that together they stay within the five seconds that an end may take.
        promising.cancel()
        await asyncio.gather(
            desk.close(HANDLERS_SECONDS),
            exports.close(),
            _step_down(watcher, leadership, leading),
            _end(notifier, delivering),
        )


def _people(
    settings: Settings, me: AuthorizeResult, platform: Platform, messenger: SlackMessenger, clock: Clock
) -> People:
    return People(
        platform,
        messenger,
        clock,
        team_id=me.team_id or "",
        control=settings.control,
        admins=settings.admins,
    )


def _all_of(*bells: Callable[[], None]) -> Callable[[], None]:
    """Ring several bells as one."""

    def ring() -> None:
        for bell in bells:
            bell()

    return ring


def _link(settings: Settings, slack: AsyncWebClient) -> SocketLink | SignedHttp:
    if settings.slack_app_token is not None:
        return SocketLink(settings.slack_app_token, slack)
    if settings.slack_signing_secret is not None:
        return SignedHttp(settings.slack_signing_secret)
    raise SettingsError("SLACK_APP_TOKEN is not set, and neither is SLACK_SIGNING_SECRET.")


def _account(settings: Settings) -> Account:
    return Account(
        base_url=settings.do_base_url,
        org_key=settings.do_org,
        token=settings.do_token,
        project_id=settings.do_project_id,
    )


def _failure(part: asyncio.Task[None]) -> BaseException | None:
    return None if part.cancelled() else part.exception()


async def _check(check: Callable[[], Awaitable[None]]) -> None:
    """Find out early about a wrong token; a platform that is merely away is not a reason not to start."""
    try:
        async with asyncio.timeout(FIRST_CHECK_SECONDS):
            await check()
    except TokenRejected as error:
        raise SettingsError(f"DO_AUTH_TOKEN or DO_ORG_KEY: {error} {error.hint}") from error
    except (PlatformError, TimeoutError) as error:
        log.warning("Deep Origin does not answer yet: %s", str(error) or "no answer in time")


def _in_the_background(work: Coroutine[None, None, None], parts: Parts, *, name: str) -> Callable[[], object]:
    """Let a part run; gives what ends it."""
    task = asyncio.create_task(work, name=name)
    parts.add(task)
    return task.cancel


def _name() -> str:
    """Call this replica what no other is called, and what an operator recognises."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


async def _step_down(watcher: Watcher, leadership: Leadership, leading: asyncio.Task[None]) -> None:
    """Watch no more, and let another replica do it at once."""
    leadership.stop()
    # Each of these waits for the database, which may be away.
    await asyncio.wait({leading}, timeout=HANDOVER_SECONDS)
    leading.cancel()
    await watcher.stop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HANDOVER_SECONDS):
            await leadership.give_back()


async def _end(notifier: Notifier, delivering: asyncio.Task[None]) -> None:
    """Let the post that is on its way arrive; what comes after it waits in the store."""
    notifier.stop()
    done, _ = await asyncio.wait({delivering}, timeout=LAST_POST_SECONDS)
    if not done:
        delivering.cancel()
        # It gives back what it holds, which a database that is away does not let it.
        await asyncio.wait({delivering}, timeout=HANDOVER_SECONDS)


@contextlib.asynccontextmanager
async def _http(host: str, port: int, routes: list[web.RouteDef]) -> AsyncIterator[str]:
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise SettingsError(_why_not_open(host, port, error)) from error
        bound = runner.addresses[0]
        yield f"http://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


def _why_not_open(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"DOJOBBOT_HTTP_HOST: {host} is no address of this machine. "
            "Set it to one, such as 127.0.0.1, or 0.0.0.0 for all it has."
        )
    return (
        f"DOJOBBOT_HTTP_PORT: {host}:{port} can't be opened ({error.strerror}). "
        "Choose another port, or stop what uses it."
    )
