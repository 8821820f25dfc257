"""The official `deeporigin` client beside the simulated platform, without a trace of it in the real home."""

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dojobbot.simulator.platform import SimulatedPlatform

SETTINGS = ("DO_AUTH_TOKEN", "DO_ORG_KEY", "DO_ENV", "DO_BASE_URL", "DO_PROJECT_ID")


def now() -> datetime:
    return datetime.now(UTC)


def leave_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the files that the client writes, and the settings that it reads, out of the real home."""
    monkeypatch.setenv("HOME", str(folder))
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


def official(module: str) -> Any:
    """A module of the official client; it carries no types, and looks into HOME when it is imported."""
    return importlib.import_module(f"deeporigin.{module}")


def official_client(platform: SimulatedPlatform, project: str) -> Any:
    """The official client, pointed at the simulated platform; its waits between retries are cut short."""
    return official("platform.client").DeepOriginClient(
        base_url=platform.base_url,
        token=platform.token,
        org_key=platform.org,
        project_id=project,
        retry_backoff_factor=0.01,
    )
