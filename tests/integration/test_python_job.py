"""`Job` as people use it, against the simulated platform over real HTTP."""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest

from dojobbot import Job
from dojobbot.domain import ACTIVE_STATUSES
from dojobbot.errors import (
    JobNotFound,
    PlatformError,
    PlatformRefused,
    PlatformRestricted,
    PlatformUnavailable,
    TokenRejected,
)
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.jobs import JobMaker, Life
from dojobbot.simulator.scenario import ADA
from tests.python_lab import (
    EXECUTIONS,
    Lab,
    Notebook,
    in_terminal,
    now,
    piped,
    until,
)

SOON = 0.05


pytestmark = pytest.mark.usefixtures("no_settings")


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


def test_an_id_is_taken_as_people_copy_it(lab: Lab) -> None:
    """With blanks around it, in capitals, or as a UUID; one that is no UUID keeps its letters."""
    job_id, other = lab.dock(), lab.put(executionId="Other-1", status="Running")
    for written in (f" {job_id}\n", job_id.upper(), uuid.UUID(job_id)):
        assert Job.from_id(written, **lab.credentials).id == job_id
    assert [job.id for job in Job.from_ids([uuid.UUID(job_id), other], **lab.credentials)] == [job_id, other]


@pytest.mark.parametrize("wrong", [None, 5, b"9e9eb45e"])
def test_what_is_no_id_is_named(wrong: Any) -> None:
    """In words about ids, whichever function it came to."""
    for call in (lambda: Job.from_id(wrong), lambda: Job.from_ids([wrong])):
        with pytest.raises(TypeError, match=f"^{wrong!r} is no job's id: that is text"):
            call()
    one: Any
    for one in (5, None, uuid.UUID(int=5)):
        with pytest.raises(TypeError, match=r"for one there is Job\.from_id"):
            Job.from_ids(one)
    unknown: Any = {"name": "screen"}
    with pytest.raises(TypeError, match=r"Job\.from_id\(\) takes no 'name'. It takes job_id, token"):
        Job.from_id("x", **unknown)


def test_a_part_of_an_id_is_told_to_be_one_and_where_the_whole_is(lab: Lab) -> None:
    """As `/job` takes it in Slack; a whole id that nobody knows is another matter."""
    job_id = lab.dock()
    with pytest.raises(JobNotFound) as caught:
        Job.from_id(job_id[:8], **lab.credentials)
    assert caught.value.__notes__ == [caught.value.hint]
    assert "whole id, of 36 characters: it is in the column `id`" in caught.value.hint
    with pytest.raises(JobNotFound) as caught:
        Job.from_id(uuid.UUID(int=5), **lab.credentials)
    assert caught.value.hint == JobNotFound.hint


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


def test_a_log_is_read_newest_first_and_then_on_the_card(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.change(job.id, status="Failed", statusReason="OOMKilled: worker 3 exceeded 32Gi")
    asked = lab.calls()
    assert "Logs" not in job._repr_html_()
    assert lab.calls() == asked, "a card asks nobody"
    newest, *others = job.logs(limit=3)
    assert (newest.level, newest.message) == ("error", "OOMKilled: worker 3 exceeded 32Gi")
    assert len(others) == 2
    assert "ERROR  deeporigin.docking  OOMKilled" in job._repr_html_()
    with pytest.raises(ValueError, match=r"^limit=0: it takes a whole number of lines, at least 1$"):
        job.logs(limit=0)


def test_watching_goes_on_through_every_status_that_is_not_terminal(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.watch(interval=SOON)
    for status in (*ACTIVE_STATUSES, "NeverHeardOf", "Approved"):
        lab.change(job.id, status=status)
        read_twice_more(lab, job.id)
        assert job.status == status
        assert watching(job)
    job.stop_watching()


def read_twice_more(lab: Lab, job_id: str) -> None:
    """Wait until the job was asked for twice more: what the first answer said has been taken in then."""
    asked = lab.calls(path=job_id)
    until(lambda: lab.calls(path=job_id) >= asked + 2, 60)


@pytest.mark.parametrize(
    "status",
    ["Succeeded", "Completed", "Failed", "Cancelled", "FailedQuotation", "Quoted", "InsufficientFunds"],
)
def test_watching_stops_at_every_terminal_status(lab: Lab, status: str) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.watch(interval=SOON)
    lab.change(job.id, status=status)
    until(lambda: not watching(job))
    assert job.status == status.replace("Completed", "Succeeded")


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


def test_an_error_says_below_its_message_what_to_do_and_knows_no_button(lab: Lab) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    for fault in ({"kind": "expired_token"}, {"kind": "status", "status": 400}):
        lab.fault(f"GET {EXECUTIONS}/*", **fault)
        with pytest.raises(PlatformError) as caught:
            job.refresh()
        said = f"{caught.value} {caught.value.__notes__}"
        assert caught.value.__notes__ == [caught.value.hint]
        assert not re.search(r"bot|press|Refresh|/jobs", said)
        lab.heal()


def test_a_quote_cannot_be_cancelled_and_that_is_said(lab: Lab) -> None:
    job = Job.from_id(lab.quote(), **lab.credentials)
    said = (
        f"^Job {job.id} has not started, and waits for its quote to be approved: there is nothing to cancel.$"
    )
    with pytest.raises(PlatformRefused, match=said):
        job.cancel()
    assert lab.calls("PATCH") == 0


@pytest.mark.parametrize("action", ["cancel", "confirm"])
def test_an_answer_that_is_lost_is_looked_up_and_not_asked_for_twice(lab: Lab, action: str) -> None:
    job = Job.from_id(lab.quote() if action == "confirm" else lab.dock(), **lab.credentials)
    lab.fault("PATCH *", "lost_reply", times=1)
    getattr(job, action)()
    assert job.status == lab.status(job.id) != "Quoted"
    assert lab.calls("PATCH") == 1


@pytest.mark.parametrize("action", ["cancel", "confirm"])
def test_an_answer_that_is_lost_is_the_news_when_it_cannot_be_looked_up(lab: Lab, action: str) -> None:
    """It may have worked: that the token was refused afterwards says nothing about it."""
    job = Job.from_id(lab.quote() if action == "confirm" else lab.dock(), **lab.credentials)
    lab.fault("PATCH *", "lost_reply", times=1)

    def expire(_: str) -> None:
        lab.platform.faults.add(Fault("GET *", "expired_token"))

    lab.world.on_change(expire)
    with pytest.raises(PlatformUnavailable):
        getattr(job, action)()
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
    with pytest.raises(PlatformRefused, match=r"changed from \$10\.00\. It now costs \$99\.00: call confirm"):
        job.confirm()
    assert (job.cost, lab.calls("PATCH")) == (99.0, 0)
    job.confirm()
    assert lab.calls("PATCH") == 1


def test_a_quote_that_came_after_the_last_reading_is_told_before_it_is_approved(lab: Lab) -> None:
    """Nobody pays a price that they have never seen."""
    job = Job.from_id(lab.dock(), **lab.credentials)
    row = {"itemCode": "ABFE", "qty": 1, "priceTotal": 5000.0}
    lab.change(job.id, status="Quoted", quotationResult={"successfulQuotations": [row]})
    with pytest.raises(PlatformRefused, match=r"is new\. It now costs \$5,000\.00: call confirm\(\) again"):
        job.confirm()
    assert (job.status, job.cost, lab.calls("PATCH")) == ("Quoted", 5000.0, 0)
    job.confirm()
    assert lab.calls("PATCH") == 1


@pytest.mark.parametrize(
    "quotation", [None, {"successfulQuotations": [{"itemCode": "X", "priceTotal": "?"}]}]
)
def test_a_quote_without_a_price_is_not_approved_however_often_it_is_asked(lab: Lab, quotation: Any) -> None:
    """Also one whose price cannot be read; the error says where it can be approved."""
    job_id = lab.quote()
    lab.change(job_id, quotationResult=quotation)
    job = Job.from_id(job_id, **lab.credentials)
    for _ in range(2):
        with pytest.raises(PlatformRefused, match="sent no price with the quote") as caught:
            job.confirm()
        assert "Deep Origin's own page" in caught.value.hint
    assert (job.status, lab.calls("PATCH")) == ("Quoted", 0)


def test_a_quote_that_failed_in_part_is_not_approved_however_often_it_is_asked(lab: Lab) -> None:
    """Also one that was whole when it was read; the card names the item and does not ask for confirm()."""
    job = Job.from_id(lab.quote(), **lab.credentials)
    rows = [{"itemCode": "DOCK", "qty": 8, "priceEach": 1.25, "priceTotal": 10.0}]
    failed = [{"itemCode": "GPU-001", "message": "No price for this item"}]
    lab.change(
        job.id,
        quotationResult={"anyFailed": True, "failedQuotations": failed, "successfulQuotations": rows},
    )
    for _ in range(2):
        with pytest.raises(PlatformRefused, match="could not quote GPU-001, so there is no sum") as caught:
            job.confirm()
        assert "Ask for a new quote" in caught.value.hint
    assert (job.status, job.cost, lab.calls("PATCH")) == ("Quoted", None, 0)
    card = job._repr_html_()
    assert "Deep Origin could not quote GPU-001" in card
    assert "GPU-001  could not be quoted  No price for this item" in card
    assert "call confirm()" not in card
    assert "Estimated cost" not in card


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
    """The first read never ends by itself, and the call is back long before it is given up."""
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "hang")
    began = time.monotonic()
    job.watch(interval=SOON)
    assert time.monotonic() - began < 8
    lab.change(job.id, status="Failed")
    lab.heal()
    lab.do(lab.platform.faults.release)
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
    assert time.monotonic() - began < 8
    lab.heal()
    assert lab.status(job.id) == "Running"


NO_NUMBER = ("5", None, True, [5], 1j)


@pytest.mark.parametrize(
    ("call", "name", "wrong", "kind"),
    [
        *(("watch", "interval", wrong, TypeError) for wrong in NO_NUMBER),
        *(("wait", "interval", wrong, TypeError) for wrong in NO_NUMBER),
        *(("wait", "timeout", wrong, TypeError) for wrong in NO_NUMBER if wrong is not None),
        *(("logs", "limit", wrong, TypeError) for wrong in (*NO_NUMBER, 2.5, math.inf)),
        *(("watch", "interval", wrong, ValueError) for wrong in (math.nan, math.inf, -math.inf, -1, 0.01)),
        *(("wait", "interval", wrong, ValueError) for wrong in (math.nan, math.inf, 10**400)),
        ("wait", "timeout", math.nan, ValueError),
        ("logs", "limit", -1, ValueError),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_before_any_call(
    lab: Lab, call: str, name: str, wrong: Any, kind: type[Exception]
) -> None:
    """In words that name the argument and say what it takes."""
    job = Job.from_id(lab.dock(), **lab.credentials)
    asked = lab.calls()
    with pytest.raises(kind, match=f"^{name}=.*: it takes a (whole|finite)? ?number of"):
        getattr(job, call)(**{name: wrong})
    assert (watching(job), lab.calls()) == ([], asked)


@pytest.mark.parametrize("timeout", [math.inf, 1e10, 10**400])
def test_a_time_without_end_is_waited_as_long_as_it_takes(lab: Lab, timeout: float) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.change(job.id, status="Completed")
    assert job.wait(timeout, interval=SOON) == "Succeeded"


@pytest.mark.parametrize("interval", [1e10, 1e300, 10**15])
def test_an_interval_longer_than_python_can_wait_for_breaks_nothing(
    lab: Lab, caplog: pytest.LogCaptureFixture, interval: float
) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    asked = lab.calls()
    job.watch(interval=interval)
    until(lambda: lab.calls() > asked)
    with pytest.raises(TimeoutError):
        job.wait(timeout=0.2)
    assert "broke" not in caplog.text
    job.stop_watching()


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


def test_while_it_is_waited_for_a_terminal_draws_over_its_lines_and_ends_with_the_outcome(lab: Lab) -> None:
    job_id = lab.dock()
    code = (
        "from dojobbot import Job\n"
        f"job = Job.from_id({job_id!r}); job.watch(interval=0.1); print(job.wait(timeout=60))"
    )

    def end_when_seen_running() -> None:
        until(lambda: lab.calls(path=job_id) >= 3, 60)
        lab.change(job_id, status="Completed")

    ending = threading.Thread(target=end_when_seen_running)
    ending.start()
    drawn = in_terminal(code, lab)
    ending.join()
    assert "\x1b[38;5;27m● Running\x1b[0m" in drawn
    assert "\x1b[38;5;29m● Succeeded\x1b[0m" in drawn
    assert re.search(r"\x1b\[\dF\x1b\[J", drawn)
    assert drawn.rstrip().endswith("Succeeded")


def test_what_a_script_writes_while_it_watches_stays(lab: Lab) -> None:
    """Nothing is written over; the card of a failure has its reason, broken at blanks where it is long."""
    job_id = lab.dock()
    reason = f"gmx: {'the box is too small for the cut-off of a ligand, ' * 4}enlarge box_size to 24"
    code = (
        "from dojobbot import Job; from time import sleep\n"
        f"job = Job.from_id({job_id!r}); job.watch(interval=0.05)\n"
        "print('my own line')\n"
        "while job.status != 'Failed': sleep(0.01)\n"
        "print('my last line', job.wait(timeout=60))"
    )

    def end_when_seen_running() -> None:
        until(lambda: lab.calls(path=job_id) >= 4, 60)
        lab.change(job_id, status="Failed", statusReason=reason)

    ending = threading.Thread(target=end_when_seen_running)
    ending.start()
    drawn = in_terminal(code, lab, rows=24, columns=60)
    ending.join()
    assert not re.search(r"\x1b\[\d+[A-K]", drawn)
    plain = re.sub(r"\x1b\[[\d;]*m", "", drawn)
    assert plain.count("screen: ● Running") == 1
    assert plain.index("screen: ● Running") < plain.index("my own line") < plain.index("● Failed")
    assert reason in " ".join(plain.split())


def test_a_script_is_told_of_the_stages_of_a_job_and_not_of_each_reading(lab: Lab) -> None:
    job_id = lab.put(executionId="slow", name="screen", status="Running", progressReport={"complete": 0})
    code = (
        "from dojobbot import Job; from time import sleep\n"
        f"job = Job.from_id({job_id!r}); job.watch(interval=0.05)\n"
        "while job.status != 'Succeeded': sleep(0.01)\n"
        "job.wait()"
    )

    def go_on_when_seen() -> None:
        for percent in range(3, 40, 3):
            read_twice_more(lab, job_id)
            lab.change(job_id, progressReport={"complete": percent})
        lab.change(job_id, status="Completed")

    going = threading.Thread(target=go_on_when_seen)
    going.start()
    drawn = in_terminal(code, lab)
    going.join()
    told = re.findall(r"screen: .*?(\d+) %", drawn)
    assert told == ["0", "12", "21", "30"]


def test_a_line_is_added_when_trouble_begins_and_when_it_ends(lab: Lab) -> None:
    job_id = lab.dock()
    code = (
        "from dojobbot import Job; from time import sleep\n"
        f"job = Job.from_id({job_id!r}); job.watch(interval=0.05)\n"
        "while job.status != 'Succeeded': sleep(0.01)\n"
        "job.wait()"
    )

    def trouble_and_end() -> None:
        until(lambda: lab.calls(path=job_id) >= 3, 60)
        lab.fault(f"GET {EXECUTIONS}/*", "status", status=503, times=2)
        until(lambda: lab.do(lambda: lab.platform.faults.struck) >= 2, 60)
        read_twice_more(lab, job_id)
        lab.change(job_id, status="Completed")

    ending = threading.Thread(target=trouble_and_end)
    ending.start()
    drawn = in_terminal(code, lab)
    ending.join()
    assert " ".join(drawn.split()).count("Trying again; what is shown may be old.") == 1
    assert drawn.count("screen: ") == 3


def test_a_card_that_is_higher_than_the_terminal_is_cut_so_that_it_can_be_written_over(lab: Lab) -> None:
    """Lines that have scrolled out of sight cannot be; the last one says how many there are no room for."""
    branches = [{"id": f"{at}", "displayName": f"branch {at}", "status": "Running"} for at in range(12)]
    tree = {"id": "root", "displayName": "root", "status": "Running", "children": branches}
    job_id = lab.put(executionId="tree", status="Running", progressReport=tree)
    code = (
        "from dojobbot import Job\n"
        f"job = Job.from_id({job_id!r}); job.watch(interval=0.05); job.wait(timeout=60)"
    )

    def end_when_seen_running() -> None:
        until(lambda: lab.calls(path=job_id) >= 4, 60)
        lab.change(job_id, status="Failed")

    ending = threading.Thread(target=end_when_seen_running)
    ending.start()
    drawn = in_terminal(code, lab, rows=10, columns=80)
    ending.join()
    *running, last = re.split(r"\x1b\[9F\x1b\[J", drawn.rsplit("\r\x1b[K", 1)[1])
    assert len(running) > 1
    for card in running:
        assert card.count("\n") == 9
        assert re.search(r"\.\.\. \d+ more\r\n$", card)
    assert "Failed" in last


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


def test_a_log_that_was_read_stays_on_the_card_when_watching_ends(lab: Lab, notebook: Notebook) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.logs(limit=5)
    job.watch(interval=SOON)
    job.stop_watching()
    assert ">Logs<" in notebook.shown[-1]
    job.watch(interval=SOON)
    assert ">Logs<" not in notebook.shown[-1]
    lab.change(job.id, status="Completed")
    until(lambda: "Raw progress" in notebook.shown[-1])
    assert ">Logs<" in notebook.shown[-1]


def test_a_card_in_trouble_says_when_the_job_was_read_last(lab: Lab, notebook: Notebook) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    shown = last_updated(job._repr_html_())
    until(lambda: f"{now():%H:%M:%S} UTC" != shown)
    lab.fault(f"GET {EXECUTIONS}/*", "status", status=503)
    job.watch(interval=SOON)
    until(lambda: "Trying again" in notebook.shown[-1])
    assert last_updated(notebook.shown[-1]) == shown
    job.stop_watching()


def last_updated(page: str) -> str:
    found = re.search("last updated ([^<]*)", page)
    assert found is not None
    return found[1]


def test_a_notebook_keeps_the_whole_card_when_watching_is_stopped(lab: Lab, notebook: Notebook) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    job.watch(interval=SOON)
    job.stop_watching()
    until(lambda: not watching(job))
    assert "No longer watched." in notebook.shown[-1]
    assert "Raw progress" in notebook.shown[-1]


def test_what_stood_in_the_way_is_still_told_when_watching_is_stopped(lab: Lab, notebook: Notebook) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "status", status=503)
    job.watch(interval=SOON)
    until(lambda: "503" in notebook.shown[-1])
    job.stop_watching()
    assert re.search(r"No longer watched\. [^<]*503[^<]* What is shown may be old\.", notebook.shown[-1])
    assert "Trying again" not in notebook.shown[-1]


def test_a_notebook_is_told_when_the_token_is_refused(lab: Lab, notebook: Notebook) -> None:
    job = Job.from_id(lab.dock(), **lab.credentials)
    lab.fault(f"GET {EXECUTIONS}/*", "expired_token")
    job.watch(interval=SOON)
    until(lambda: not watching(job))
    assert "No longer watched." in notebook.shown[-1]
    assert "401" in notebook.shown[-1]


def test_without_a_standard_error_nothing_is_drawn_and_everything_works(lab: Lab) -> None:
    """As in a Python without a console."""
    job_id = lab.dock()
    code = (
        "import sys; sys.stderr = None; from dojobbot import Job, get_dataframe\n"
        f"Job.from_id({job_id!r}).watch(interval=0.05); print(len(get_dataframe()))"
    )
    assert piped(code, lab) == (b"1\n", b"", 0)


def test_a_watched_job_never_keeps_python_from_exiting(lab: Lab) -> None:
    job_id = lab.dock()
    code = f"from dojobbot import Job\nJob.from_id({job_id!r}).watch(interval=0.05)"
    assert piped(code, lab) == (b"", b"", 0)
