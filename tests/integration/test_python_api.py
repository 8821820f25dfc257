"""The package and `get_dataframe` as people use them, against the simulated platform over real HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest

import dojobbot
from dojobbot import Job, get_dataframe
from dojobbot.errors import SettingsError, TokenRejected
from dojobbot.simulator.scenario import demo_world
from tests.python_lab import (
    EXECUTIONS,
    Lab,
    Notebook,
    in_terminal,
    now,
    piped,
    python,
    running,
    until,
)

pytestmark = pytest.mark.usefixtures("no_settings")


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
    assert len(get_dataframe(created_after=datetime(50, 1, 1, tzinfo=UTC), **lab.credentials)) == 31
    two: Any = np.int64(2)
    assert len(get_dataframe(limit=two, **lab.credentials)) == 2
    newest = get_dataframe(limit=4, tool_key=None, **lab.credentials).id.to_list()
    assert newest == get_dataframe(**lab.credentials).id.to_list()[:4]


def test_a_part_of_a_tools_key_that_finds_nothing_is_told_which_form_is_wanted(lab: Lab) -> None:
    """A whole key without jobs is no reason to warn, nor is a part that finds some."""
    lab.dock()
    lab.put(executionId="own", status="Running", tool={"key": "screening", "version": "1"})
    with pytest.warns(
        UserWarning, match=r"tool_key='docking' found no jobs: .*'deeporigin\.docking'"
    ) as told:
        assert len(get_dataframe(tool_key="docking", **lab.credentials)) == 0
    assert told[0].filename == __file__
    assert len(get_dataframe(tool_key="deeporigin.rbfe", **lab.credentials)) == 0
    assert len(get_dataframe([], tool_key="docking", **lab.credentials)) == 0
    assert get_dataframe(tool_key="screening", **lab.credentials).id.to_list() == ["own"]


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


@pytest.mark.parametrize("limit", [None, 2_500])
def test_jobs_that_end_meanwhile_hide_no_other(lab: Lab, limit: int | None) -> None:
    """When one leaves the filter, a row of the next page slips onto one that was read already."""
    lab.crowd(3_000)
    lab.fault(f"GET {EXECUTIONS}", "slow", seconds=0.5)

    def end_ten() -> None:
        until(lambda: lab.do(lambda: lab.platform.faults.struck) >= 2)
        lab.do(lambda: [lab.world.change(f"job-{number}", status="Completed") for number in range(10)])

    ending = threading.Thread(target=end_ten)
    ending.start()
    found = get_dataframe("Running", limit=limit, **lab.credentials)
    ending.join()
    assert found.created_at.is_monotonic_decreasing
    newest = {f"job-{number}" for number in range(10, (limit or 3_000) - 10)}
    assert newest <= set(found.id)
    assert len(found) == (limit or 3_000)


def test_a_platform_with_smaller_pages_than_it_is_asked_for_gives_all_jobs() -> None:
    """The first page is short then, and its count says that there are more."""
    asked: list[tuple[int, int]] = []

    class Capped(BaseHTTPRequestHandler):
        """Answers at most a hundred rows a page."""

        def do_GET(self) -> None:
            """Give a page of 1,234 jobs."""
            query = parse_qs(urlsplit(self.path).query)
            page, size = int(query["page"][0]), min(100, int(query["pageSize"][0]))
            asked.append((page, int(query["pageSize"][0])))
            names = range(1_234)[page * size : (page + 1) * size]
            rows = [{"executionId": f"job-{name}", "status": "Running"} for name in names]
            body = json.dumps({"data": rows, "count": 1_234}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Capped) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = get_dataframe(
            token="made-up", org_key="lab", base_url=f"http://127.0.0.1:{server.server_port}"
        )
        server.shutdown()
    assert found.id.to_list() == [f"job-{number}" for number in range(1_234)]
    assert sorted(asked) == [(0, 1_000), *((page, 100) for page in range(1, 13))]


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
    # Where the tests themselves run in the background, a shell lets Ctrl-C be ignored.
    heeded = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = "from dojobbot import get_dataframe\ntry: get_dataframe()\nexcept KeyboardInterrupt: print('left')"
    with python(heeded + code, lab, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until(lambda: lab.do(lambda: lab.platform.faults.struck))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == (b"left\n", b"", 0)
    assert time.monotonic() - began < 8


def test_a_notebook_shows_a_bar_and_takes_it_away(lab: Lab, notebook: Notebook) -> None:
    lab.crowd(6_000)
    lab.fault(f"GET {EXECUTIONS}", "slow", seconds=0.3)
    get_dataframe(**lab.credentials)
    assert "<progress" in notebook.shown[0]
    assert (notebook.shown[-1], notebook.outputs) == ("", 1)


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
