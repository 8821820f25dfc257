"""What is said about trouble, in the log and to whoever asks."""

from __future__ import annotations

import logging

import pytest

from dojobbot.errors import SlackUnavailable
from dojobbot.troubles import Troubles

AWAY = SlackUnavailable("Slack could not be reached.", code="unreachable")
REVOKED = SlackUnavailable("Slack refuses the bot.", code="token_revoked")


def test_each_cause_is_said_once_and_the_last_one_counts(caplog: pytest.LogCaptureFixture) -> None:
    """The operator who mends the first must hear of the second."""
    troubles = Troubles(logging.getLogger("troubles"))
    for error in (AWAY, AWAY, REVOKED, AWAY, REVOKED):
        troubles.begin("delivering", error)
    assert [text.removeprefix("delivering is interrupted: ") for text in caplog.messages] == [
        "Slack could not be reached. What is owed waits.",
        "Slack refuses the bot. What is owed waits.",
    ]
    assert troubles.summary() == "delivering: Slack refuses the bot."


def test_what_begins_again_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    """All is well once it ends, which is said once as well."""
    troubles = Troubles(logging.getLogger("troubles"))
    for _ in range(2):
        troubles.begin("delivering", AWAY)
        troubles.end("delivering")
        troubles.end("delivering")
    assert len(caplog.messages) == 4
    assert caplog.messages[1] == caplog.messages[3] == "delivering works again"
    assert troubles.summary() == ""
