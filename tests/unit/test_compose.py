"""`compose.yaml` names settings that exist, and brings replicas that can share a database.

It is read here, not run: that needs a container engine.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dojobbot.config import read_settings

ROOT = Path(__file__).resolve().parents[2]
FOR_THE_DATABASE = {"POSTGRES_PASSWORD", "PGPASSWORD"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def example() -> dict[str, str]:
    """What a filled-in `.env` holds."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_setting_in_it_is_one_that_the_bot_reads(services: dict[str, Any]) -> None:
    known = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', (ROOT / "dojobbot" / "config.py").read_text()))
    named = {*example(), *services["bot"]["environment"]}
    assert named - known - FOR_THE_DATABASE == set()


def test_with_the_example_filled_in_the_settings_are_complete(services: dict[str, Any]) -> None:
    filled = {
        **example(),
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "DO_AUTH_TOKEN": "made-up",
        "DO_ORG_KEY": "example-lab",
    }
    settings = read_settings({**filled, **services["bot"]["environment"]})
    assert settings.database_url == "postgresql://dojobbot@db/dojobbot"


def test_two_replicas_start_after_the_database_and_come_back(services: dict[str, Any]) -> None:
    bot, database = services["bot"], services["db"]
    assert bot["deploy"]["replicas"] == 2
    assert bot["depends_on"]["db"]["condition"] == "service_healthy"
    for service in (bot, database):
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]
        assert "ports" not in service, "nothing is reachable from outside"
    assert database["volumes"] == ["database:/var/lib/postgresql"]


def test_no_secret_is_written_into_it() -> None:
    assert not [name for name, value in example().items() if value and "ENV" not in name]
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "!.env" not in (ROOT / ".dockerignore").read_text()
