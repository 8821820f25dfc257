"""The composition root: opens, starts and closes everything, in this order and back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from dojobbot import health
from dojobbot.config import Settings
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.errors import PlatformError, SettingsError, TokenRejected
from dojobbot.notifier import Notifier
from dojobbot.people import People
from dojobbot.slack import actions, commands
from dojobbot.slack.messenger import SlackMessenger, patient_client
from dojobbot.slack.replies import Desk
from dojobbot.slack.services import Services
from dojobbot.slack.transport import SocketLink, bolt_app, identify, signed_http
from dojobbot.store.store import open_store
from dojobbot.watcher import Watcher

__all__ = ["SystemClock", "running"]

FIRST_CHECK_SECONDS = 5.0
LAST_POST_SECONDS = 2.0
log = logging.getLogger(__name__)


class SystemClock:
    """The machine's clock. Implements ports.Clock."""

    def now(self) -> datetime:
        """See ports.Clock."""
        return datetime.now(UTC)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[str]:
    """Run the bot until the block is left; gives the address of its health page.

    Raises:
        SettingsError: Slack or the platform says that a token is wrong.
        StoreError: the database cannot be used, or is in use.
    """
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.database_url))
        account = Account(
            base_url=settings.do_base_url,
            org_key=settings.do_org,
            token=settings.do_token,
            project_id=settings.do_project_id,
        )
        platform = await stack.enter_async_context(PlatformClient(account))
        slack = patient_client(settings.slack_bot_token, settings.slack_api_url)
        me, _ = await asyncio.gather(identify(slack), _check(platform.check))
        team_id = me.team_id or ""
        await store.bind(
            {"platform": settings.do_base_url, "organisation": settings.do_org, "slack team": team_id}
        )
        messenger = SlackMessenger(settings.slack_bot_token, settings.slack_api_url)
        people = People(
            platform,
            messenger,
            clock,
            team_id=team_id,
            control=settings.control,
            admins=settings.admins,
        )
        notifier = Notifier(store, messenger, people, clock)
        watcher = Watcher(platform, store, clock, on_change=notifier.wake)
        bolt = bolt_app(me, settings.slack_api_url)
        desk = Desk()
        services = Services(
            platform=platform,
            store=store,
            messenger=messenger,
            people=people,
            clock=clock,
            desk=desk,
            wake=notifier.wake,
            project_id=settings.do_project_id,
        )
        commands.register(bolt, services)
        actions.register(bolt, services)

        link = None
        routes: list[web.RouteDef] = []
        slack_trouble: Callable[[], Awaitable[str]] = _no_trouble
        if settings.slack_app_token is not None:
            link = SocketLink(bolt, settings.slack_app_token, slack)
            stack.push_async_callback(link.close)
            slack_trouble = link.state
        elif settings.slack_signing_secret is not None:
            routes = [signed_http(bolt, settings.slack_signing_secret)]
        vitals = health.Vitals(
            store=store,
            clock=clock,
            slack_trouble=slack_trouble,
            watcher=lambda: watcher.health,
            tally=notifier.tally,
        )
        address = await stack.enter_async_context(
            _http(settings.http_host, settings.http_port, [*health.routes(vitals), *routes])
        )
        if link is not None:
            await link.connect()
        delivering = asyncio.create_task(notifier.run(), name="notifier")
        stack.push_async_callback(_end, notifier, delivering)
        watcher.start(settings.poll_seconds)
        stack.push_async_callback(watcher.stop)
        log.info("running for workspace %s, organisation %s", me.team or team_id, settings.do_org)
        yield address


async def _check(check: Callable[[], Awaitable[None]]) -> None:
    """Find out early about a wrong token; a platform that is merely away is not a reason not to start."""
    try:
        async with asyncio.timeout(FIRST_CHECK_SECONDS):
            await check()
    except TokenRejected as error:
        raise SettingsError(f"DO_AUTH_TOKEN or DO_ORG_KEY: {error} {error.hint}") from error
    except (PlatformError, TimeoutError) as error:
        log.warning("Deep Origin does not answer yet: %s", error or "no answer in time")


async def _no_trouble() -> str:
    return ""


async def _end(notifier: Notifier, delivering: asyncio.Task[None]) -> None:
    """Let the post that is on its way arrive; what comes after it waits in the store."""
    notifier.stop()
    done, _ = await asyncio.wait({delivering}, timeout=LAST_POST_SECONDS)
    if not done:
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering


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
            raise SettingsError(
                f"DOJOBBOT_HTTP_PORT: {host}:{port} can't be opened ({error.strerror}). "
                "Choose another port, or stop what uses it."
            ) from error
        bound = runner.addresses[0]
        yield f"http://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()
