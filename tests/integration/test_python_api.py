"""`get_dataframe` and `Job` as people use them, against the simulated platform over real HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import dojobbot
from dojobbot import Job, get_dataframe
from dojobbot.errors import (
    JobNotFound,
    PlatformRefused,
    PlatformRestricted,
    PlatformUnavailable,
    SettingsError,
    TokenRejected,
)
from dojobbot.simulator.jobs import JobMaker, Life
from dojobbot.simulator.scenario import ADA, demo_world
from tests.python_lab import EXECUTIONS, NAMES, Lab, now, running, until

ROOT = Path(__file__).resolve().parents[2]
SOON = 0.05


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have an account; they do not."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running() as made:
        yield made


@contextlib.contextmanager
def python(code: str, lab: Lab, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A Python of its own that runs the code with the lab's settings."""
    environ = {**os.environ, **lab.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", code], env=environ, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def piped(code: str, lab: Lab) -> tuple[bytes, bytes, int]:
    """What a Python writes into pipes, and how it ends."""
    with python(code, lab, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=60)
    return out, err, process.returncode


# --- the package


def test_importing_the_package_costs_nothing_that_is_not_used(lab: Lab) -> None:
    for what, names in (
        ("import dojobbot", ("pandas", "httpx", "slack_sdk")),
        ("from dojobbot import Job", ("pandas", "slack_sdk")),
    ):
        code = f"{what}; import sys; print([name for name in {names} if name in sys.modules])"
        assert piped(code, lab) == (b"[]\n", b"", 0)


def test_the_public_names_are_listed() -> None:
    assert set(dojobbot.__all__) == {"Job", "__version__", "get_dataframe"} <= set(dir(dojobbot))
    with pytest.raises(AttributeError, match="nothing"):
        dojobbot.nothing  # noqa: B018  # what is tested


def test_missing_settings_are_named_one_line_each() -> None:
    for call in (get_dataframe, lambda: Job.from_id("x"), lambda: Job.from_ids(["x"])):
        with pytest.raises(SettingsError) as caught:
            call()
        assert [line.split()[0] for line in caught.value.problems] == ["DO_AUTH_TOKEN", "DO_ORG_KEY"]


def test_the_environment_is_enough(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = lab.dock()
    for name, value in lab.environ.items():
        monkeypatch.setenv(name, value)
    assert get_dataframe().id.to_list() == [job_id]
    assert Job.from_id(job_id).status == "Running"


# --- dataframes


def test_all_jobs_come_whatever_their_status_or_metadata(lab: Lab) -> None:
    """The official client left out three statuses, null metadata, and what lies beyond its first page."""
    lab.crowd(2_300)
    others = [
        lab.put(executionId=f"other-{status}", status=status, metadata=None)
        for status in ("Completed", "Suspended", "NeverHeardOf", "Quoted")
    ]
    found = get_dataframe(**lab.credentials)
    assert len(found) == 2_304
    assert found.id.is_unique
    assert set(others) < set(found.id)
    assert found.created_at.is_monotonic_decreasing


def test_statuses_are_filtered_by_the_platform(lab: Lab) -> None:
    lab.crowd(3)
    lab.put(executionId="new", status="Completed")
    lab.put(executionId="old", status="Succeeded")
    for wanted in ("Succeeded", ["completed"], {"Succeeded", "Completed"}):
        assert set(get_dataframe(wanted, **lab.credentials).id) == {"new", "old"}
    assert len(get_dataframe(only_with_status=["Running", "Succeeded"], **lab.credentials)) == 5
    asked = lab.do(lambda: [json.loads(each.query["filter"]) for each in lab.platform.requests])
    assert asked[0] == {"status": {"$in": ["Succeeded", "Completed"]}}
    assert asked[-1] == {"status": {"$in": ["Running", "Succeeded", "Completed"]}}
    calls = lab.calls()
    assert len(get_dataframe(only_with_status=[], **lab.credentials)) == 0
    assert lab.calls() == calls


def test_a_tool_a_moment_and_a_limit_narrow_it(lab: Lab) -> None:
    lab.crowd(30)
    docking = lab.dock()
    assert get_dataframe(tool_key="deeporigin.docking", **lab.credentials).id.to_list() == [docking]
    since = now() - timedelta(seconds=10)
    assert 5 < len(get_dataframe(created_after=since, **lab.credentials)) < 15
    newest = get_dataframe(limit=4, tool_key=None, **lab.credentials).id.to_list()
    assert newest == get_dataframe(**lab.credentials).id.to_list()[:4]


def test_names_are_resolved_and_ids_stay_where_there_is_none() -> None:
    with running(demo_world(now)) as lab:
        plain = get_dataframe(**lab.credentials)
        named = get_dataframe(resolve_user_names=True, **lab.credentials)
    assert "google-apps|ada@example.org" in set(plain.user_name)
    assert {"Ada Osei", "auth0|mallory@example.org", "auth0|gone@example.org"} <= set(named.user_name)
    assert "google-apps|ada@example.org" not in set(named.user_name)


def test_the_large_fields_come_when_asked_for() -> None:
    with running(demo_world(now)) as lab:
        found = get_dataframe(
            include_metadata=True, include_inputs=True, include_outputs=True, **lab.credentials
        )
    assert list(found.columns[-3:]) == ["metadata", "user_inputs", "user_outputs"]
    assert all(isinstance(value, dict) for value in (*found.user_inputs, *found.user_outputs))
    assert {type(value) for value in found.metadata} == {dict, type(None)}


def test_no_jobs_give_an_empty_frame_of_the_same_shape(lab: Lab) -> None:
    empty = get_dataframe(include_inputs=True, **lab.credentials)
    lab.dock()
    assert empty.dtypes.equals(get_dataframe(include_inputs=True, **lab.credentials).dtypes)
    assert len(empty) == 0


def test_a_row_without_an_id_is_left_out_with_a_warning(lab: Lab) -> None:
    lab.dock()
    lab.do(lambda: lab.world.put({"executionId": "x", "status": "Running"}))
    lab.change("x", executionId=7, createdAt=None)
    with pytest.warns(UserWarning, match="1 of the platform's jobs could not be read"):
        assert len(get_dataframe(**lab.credentials)) == 1


def test_a_short_outage_is_waited_out_and_a_lasting_refusal_is_told(lab: Lab) -> None:
    lab.dock()
    lab.fault(f"GET {EXECUTIONS}", "status", status=503, times=1)
    assert len(get_dataframe(**lab.credentials)) == 1
    with pytest.raises(TokenRejected):
        get_dataframe(base_url=lab.platform.base_url, org_key=lab.platform.org, token="made-up")


async def test_both_work_while_an_event_loop_runs(lab: Lab) -> None:
    """As in a notebook, whose cells run inside one."""
    job_id = lab.dock()
    assert len(get_dataframe(**lab.credentials)) == 1
    assert Job.from_id(job_id, **lab.credentials).status == "Running"


def test_jobs_that_appear_meanwhile_are_counted_once(lab: Lab) -> None:
    """A new job pushes rows onto the next page, where they are seen again."""
    lab.crowd(3_000)
    lab.fault(f"GET {EXECUTIONS}", "slow", seconds=0.2)
    done = threading.Event()

    def create() -> None:
        while not done.wait(0.02):
            lab.dock()

    thread = threading.Thread(target=create)
    thread.start()
    try:
        found = get_dataframe(**lab.credentials)
    finally:
        done.set()
        thread.join()
    assert found.id.is_unique
    assert {f"job-{number}" for number in range(3_000)} <= set(found.id)


def test_a_terminal_shows_a_bar_while_it_takes_long_and_nothing_afterwards(lab: Lab) -> None:
    lab.crowd(6_000)
    lab.fault(f"GET {EXECUTIONS}", "slow", seconds=0.3)
    drawn = in_terminal("from dojobbot import get_dataframe; print(len(get_dataframe()))", lab)
    assert re.search(r"\[#+-+\] Deep Origin jobs: \d,000 of 6,000", drawn)
    assert drawn.rstrip().endswith("6000")


def test_without_a_terminal_nothing_but_the_answer_is_written(lab: Lab) -> None:
    lab.crowd(6_000)
    lab.fault(f"GET {EXECUTIONS}", "slow", seconds=0.3)
    code = "from dojobbot import get_dataframe; print(len(get_dataframe()))"
    assert piped(code, lab) == (b"6000\n", b"", 0)


def test_ctrl_c_leaves_at_once_although_the_platform_hangs(lab: Lab) -> None:
    lab.fault(f"GET {EXECUTIONS}", "hang")
    code = "from dojobbot import get_dataframe\ntry: get_dataframe()\nexcept KeyboardInterrupt: print('left')"
    with python(code, lab, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until(lambda: lab.do(lambda: lab.platform.faults.struck), 30)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == (b"left\n", b"", 0)
    assert time.monotonic() - began < 3


def in_terminal(code: str, lab: Lab) -> str:
    """What a Python writes whose output is a terminal."""
    ours, theirs = pty.openpty()
    with python(code, lab, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        written = b""
        while chunk := read_on(ours):
            written += chunk
        assert process.wait(30) == 0, written.decode()
    os.close(ours)
    return written.decode()


def read_on(terminal: int) -> bytes:
    """What comes next, or nothing when the other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


# --- Job


def test_a_job_shows_what_the_platform_has(lab: Lab) -> None:
    job_id = lab.dock(runs=0.2, count=4)
    job = Job.from_id(job_id, **lab.credentials)
    assert job.wait(timeout=20, interval=SOON) == "Succeeded"
    assert (job.id, job.name, job.status) == (job_id, "screen", "Succeeded")
    assert len(job.inputs["smiles_list"]) == 4
    assert set(job.outputs) == {"data_file", "results_sdf"}
    assert (job.metadata, job.cost) == ({}, None)
    assert job.progress is not None
    assert (job.progress.done, job.progress.total) == (4, 4)
    assert job.raw["status"] == "Completed"
    assert job_id in repr(job)
    assert job_id in job._repr_html_()


def test_several_jobs_come_in_their_order_and_an_unknown_one_is_named(lab: Lab) -> None:
    ids = [lab.dock() for _ in range(7)]
    jobs = Job.from_ids(reversed(ids), **lab.credentials)
    assert [job.id for job in jobs] == ids[::-1]
    assert Job.from_ids([], **lab.credentials) == []
    with pytest.raises(JobNotFound, match="no-such-job"):
        Job.from_ids([*ids, "no-such-job"], **lab.credentials)
    with pytest.raises(TypeError, match="from_id"):
        Job.from_ids(ids[0], **lab.credentials)


def test_a_job_shows_its_tree(lab: Lab) -> None:
    plan = JobMaker(seed=3).rbfe(ADA, Life(now() - timedelta(seconds=60), 100, 0), 6)
    job = Job.from_id(lab.do(lambda: plan.put(lab.world)), **lab.credentials)
    assert job.progress is not None
    assert len(job.progress.branches) > 6
    assert "Pair pipeline" in repr(job)


def test_refresh_reads_again_and_gives_the_job(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.change(job.id, status="Failed", statusReason="out of memory")
    assert job.status == "Running"
    assert job.refresh() is job
    assert job.status == "Failed"
    assert "out of memory" in repr(job)


def test_a_running_job_is_cancelled(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.cancel()
    assert job.status == lab.status(job.id) == "Cancelled"


@pytest.mark.parametrize(
    "status", ["Succeeded", "Failed", "Cancelled", "FailedQuotation", "InsufficientFunds"]
)
def test_cancelling_what_has_ended_says_so(lab: Lab, status: str) -> None:
    """Also when it ended after it was last read here."""
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.change(job.id, status=status)
    with pytest.raises(PlatformRefused, match=f"is already {status}: there is nothing to cancel"):
        job.cancel()
    assert lab.calls("PATCH") == 0


def test_a_quote_cannot_be_cancelled_and_that_is_said(lab: Lab) -> None:
    job = Job.from_id(lab.quote(), **lab.credentials)
    with pytest.raises(PlatformRefused, match="waits for its quote to be approved"):
        job.cancel()


@pytest.mark.parametrize("action", ["cancel", "confirm"])
def test_an_answer_that_is_lost_is_looked_up_and_not_asked_for_twice(lab: Lab, action: str) -> None:
    job = Job.from_id(lab.quote() if action == "confirm" else lab.dock(), **lab.credentials)
    lab.fault("PATCH *", "lost_reply", times=1)
    getattr(job, action)()
    assert job.status == lab.status(job.id) != "Quoted"
    assert lab.calls("PATCH") == 1


@pytest.mark.parametrize("action", ["cancel", "confirm"])
def test_an_action_that_did_not_happen_is_an_error(lab: Lab, action: str) -> None:
    job = Job.from_id(lab.quote() if action == "confirm" else lab.dock(), **lab.credentials)
    lab.fault("PATCH *", "status", status=503)
    with pytest.raises(PlatformUnavailable):
        getattr(job, action)()
    assert lab.calls("PATCH") == 1


def test_a_quoted_job_is_approved_and_can_be_watched_again(lab: Lab) -> None:
    job = Job.from_id(lab.quote(prices=[("DOCK", 8, 1.25), ("DISK", 1, 2.5)]), **lab.credentials)
    assert (job.status, job.cost) == ("Quoted", 12.5)
    job.watch(interval=SOON)
    assert job.wait(timeout=10) == "Quoted"
    job.confirm()
    assert job.status != "Quoted"
    job.watch(interval=SOON)
    lab.change(job.id, status="Completed")
    assert job.wait(timeout=10) == "Succeeded"


def test_only_the_quote_that_was_seen_is_approved(lab: Lab) -> None:
    """A price that changed meanwhile is told, and approved only when asked again."""
    job = Job.from_id(lab.quote(), **lab.credentials)
    row = {"itemCode": "DOCK", "qty": 8, "priceTotal": 99.0}
    lab.change(job.id, quotationResult={"successfulQuotations": [row]})
    with pytest.raises(PlatformRefused, match=r"changed from \$10\.00 to \$99\.00"):
        job.confirm()
    assert (job.cost, lab.calls("PATCH")) == (99.0, 0)
    job.confirm()
    assert lab.calls("PATCH") == 1


def test_missing_funds_are_told_and_the_job_shows_them(lab: Lab) -> None:
    """The platform says so inside an answer that looks like success."""
    job = Job.from_id(lab.quote(funds=False), **lab.credentials)
    with pytest.raises(PlatformRestricted, match="below the quoted cost"):
        job.confirm()
    assert job.status == "InsufficientFunds"


def test_what_is_not_quoted_cannot_be_approved(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    with pytest.raises(PlatformRefused, match="is Running, not Quoted"):
        job.confirm()


def test_watching_returns_at_once_and_follows_to_the_end(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "slow", seconds=0.3)
    began = time.monotonic()
    job.watch(interval=SOON)
    assert time.monotonic() - began < 0.2
    lab.change(job.id, status="Failed")
    until(lambda: job.status == "Failed")
    until(lambda: not watching(job))
    calls = lab.calls()
    job.refresh()
    assert lab.calls() == calls + 1


def test_watching_can_be_stopped(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.stop_watching()
    job.watch(interval=SOON)
    job.watch(interval=SOON)
    assert len(watching(job)) == 1
    until(lambda: lab.calls() > 3)
    job.stop_watching()
    until(lambda: not watching(job))
    with pytest.raises(ValueError, match="interval"):
        job.watch(interval=0)


def watching(job: Job) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == f"dojobbot-{job.id[:8]}"]


def test_waiting_gives_up_after_its_time_and_the_job_goes_on(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "hang")
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"is still Running after 0\.4 s"):
        job.wait(timeout=0.4, interval=SOON)
    assert time.monotonic() - began < 2
    lab.heal()
    assert lab.status(job.id) == "Running"


def test_waiting_survives_trouble_and_logs_it_once(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "status", status=503, times=1)
    lab.change(job.id, status="Completed")
    assert job.wait(timeout=20, interval=SOON) == "Succeeded"
    assert len(caplog.records) == 1
    assert "Trying again" in caplog.text


def test_waiting_ends_with_an_error_that_no_waiting_mends(lab: Lab) -> None:
    """A token that is refused at once; a job unknown only at the third time."""
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "status", status=404, times=2)
    with pytest.raises(TimeoutError):
        job.wait(timeout=1, interval=SOON)
    lab.heal()
    lab.do(lambda: lab.world.remove(job.id))
    with pytest.raises(JobNotFound):
        job.wait(timeout=20, interval=SOON)
    lab.fault(f"GET {EXECUTIONS}/*", "expired_token")
    with pytest.raises(TokenRejected):
        job.wait(timeout=20, interval=SOON)


def test_a_terminal_draws_over_its_lines_and_ends_with_the_outcome(lab: Lab) -> None:
    job_id = lab.dock(runs=2)
    code = (
        "from dojobbot import Job\n"
        f"job = Job.from_id({job_id!r}); job.watch(interval=0.1); print(job.wait(timeout=30))"
    )
    drawn = in_terminal(code, lab)
    assert "\x1b[38;5;27m● Running\x1b[0m" in drawn
    assert "\x1b[38;5;29m● Succeeded\x1b[0m" in drawn
    assert re.search(r"\x1b\[\dF\x1b\[J", drawn)
    assert drawn.rstrip().endswith("Succeeded")


class Notebook:
    """What a person sees of a notebook: the pages that one output showed, and how many outputs there are."""

    kernel = "a kernel"

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.outputs = 0

    def show(self, page: str, *, display_id: bool) -> Notebook:
        assert display_id
        self.outputs += 1
        self.update(page)
        return self

    def update(self, page: str) -> None:
        self.shown.append(page)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """As much of IPython as a cell's code sees: a shell with a kernel, and outputs that can be updated."""
    made = Notebook()
    display = SimpleNamespace(HTML=str, display=made.show)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: made, display=display))
    return made


def test_a_notebook_redraws_one_card_shows_trouble_and_ends_with_the_tabs(
    lab: Lab, notebook: Notebook
) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.watch(interval=SOON)
    assert "Running" in notebook.shown[0]
    lab.fault(f"GET {EXECUTIONS}/*", "status", status=503)
    until(lambda: "Trying again" in notebook.shown[-1])
    lab.heal()
    until(lambda: "Trying again" not in notebook.shown[-1])
    assert "Raw progress" not in notebook.shown[-1]
    lab.change(job.id, status="Completed")
    until(lambda: "Raw progress" in notebook.shown[-1])
    assert "Succeeded" in notebook.shown[-1]
    assert notebook.outputs == 1


def test_a_notebook_keeps_the_whole_card_when_watching_is_stopped(lab: Lab, notebook: Notebook) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.watch(interval=SOON)
    job.stop_watching()
    until(lambda: not watching(job))
    assert "No longer watched." in notebook.shown[-1]
    assert "Raw progress" in notebook.shown[-1]


def test_a_notebook_is_told_when_the_token_is_refused(lab: Lab, notebook: Notebook) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "expired_token")
    job.watch(interval=SOON)
    until(lambda: not watching(job))
    assert "No longer watched." in notebook.shown[-1]
    assert "401" in notebook.shown[-1]


def test_a_notebook_shows_a_bar_and_takes_it_away(lab: Lab, notebook: Notebook) -> None:
    lab.crowd(6_000)
    lab.fault(f"GET {EXECUTIONS}", "slow", seconds=0.3)
    get_dataframe(**lab.credentials)
    assert "<progress" in notebook.shown[0]
    assert (notebook.shown[-1], notebook.outputs) == ("", 1)


def test_a_watched_job_never_keeps_python_from_exiting(lab: Lab) -> None:
    job_id = lab.dock()
    code = f"from dojobbot import Job\nJob.from_id({job_id!r}).watch(interval=0.05)"
    assert piped(code, lab) == (b"", b"", 0)


def test_a_frame_can_be_used_as_people_do(lab: Lab) -> None:
    lab.crowd(3)
    lab.put(
        executionId="x",
        status="Completed",
        startedAt="2026-11-20T09:00:00Z",
        completedAt="2026-11-20T09:02:00Z",
    )
    found = get_dataframe(**lab.credentials)
    assert found[found.status == "Succeeded"].run_duration_minutes.sum() == 2
    assert found.groupby("status").size().to_dict() == {"Running": 3, "Succeeded": 1}
    assert pd.Timestamp("2026-01-01", tz="Asia/Tokyo") < found.created_at.min()
