"""The rules of observation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dojobbot.decide import NOTHING_NEW, action_outcome, judge, told_next
from dojobbot.domain import (
    GONE,
    Action,
    ActionKind,
    Branch,
    Delivery,
    Destination,
    Job,
    KnownJob,
    Progress,
    Reading,
    Subscription,
    Transition,
)

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HERE, THERE = Destination("C1"), Destination("C1", "17.1")


def job(status: str, minute: int | None = 0, **more: object) -> Job:
    stamp = None if minute is None else NOW + timedelta(minutes=minute)
    return replace(Job(id="j", status=status, raw_status=status, updated_at=stamp), **more)  # type: ignore[arg-type]


def known(status: str, minute: int | None = 0, *, seq: int = 4, read: int = 0) -> KnownJob:
    return KnownJob(job=job(status, minute), seq=seq, read_at=NOW + timedelta(minutes=read))


def seen(status: str, minute: int | None = 1, *, began: int = 1, detailed: bool = False) -> Reading:
    return Reading(job=job(status, minute), began_at=NOW + timedelta(minutes=began), detailed=detailed)


def wish(number: int, user: str, destination: Destination = HERE) -> Subscription:
    return Subscription(id=number, user_id=user, job_id="j", destination=destination, created_at=NOW)


def asked(kind: ActionKind) -> Action:
    return Action(id=9, job_id="j", kind=kind, user_id="U1", asked_at=NOW)


def test_first_sight_is_remembered_and_tells_nobody() -> None:
    """Nobody can have asked about a job that was never seen."""
    decision = judge(None, seen("Failed"), [], [], NOW)
    assert decision.known is not None
    assert decision.known.seq == 1
    assert decision.transition is None


def test_an_end_owes_one_delivery_for_each_destination() -> None:
    """Two people in one channel share a message; each is mentioned once; the thread gets its own."""
    wishes = [wish(1, "U1"), wish(2, "U2"), wish(3, "U1"), wish(4, "U1", THERE)]
    decision = judge(known("Running"), seen("Succeeded"), wishes, [], NOW)
    assert decision.transition is not None
    assert (decision.transition.seq, decision.transition.old, decision.transition.new) == (
        5,
        "Running",
        "Succeeded",
    )
    assert [(owed.destination, owed.mentions) for owed in decision.owed] == [
        (HERE, ("U1", "U2")),
        (THERE, ("U1",)),
    ]
    assert decision.finished == (1, 2, 3, 4)


def test_a_quote_is_told_and_the_wish_stays_open() -> None:
    """Quoted is terminal, but the job waits: its end is told too."""
    decision = judge(known("Created"), seen("Quoted"), [wish(1, "U1")], [], NOW)
    assert len(decision.owed) == 1
    assert decision.finished == ()


def test_steps_on_the_way_owe_nothing() -> None:
    """Created to Running is a transition, and no message."""
    decision = judge(known("Created"), seen("Running"), [wish(1, "U1")], [], NOW)
    assert decision.transition is not None
    assert decision.owed == ()


@pytest.mark.parametrize(
    ("stored", "reading"),
    [
        (known("Succeeded", 5, read=5), seen("Running", 1, began=9)),
        (known("Running", None, read=5), seen("Created", None, began=4)),
        (known("Running", 5, read=5), seen("Created", 5, began=4)),
    ],
    ids=["older stamp", "no stamps, older read", "same stamp, older read"],
)
def test_an_older_reading_is_ignored(stored: KnownJob, reading: Reading) -> None:
    """A listing that was under way while a get overtook it must not turn time back."""
    assert judge(stored, reading, [wish(1, "U1")], [], NOW) == NOTHING_NEW


@pytest.mark.parametrize("ended", ["Succeeded", "Failed", "Cancelled", "InsufficientFunds"])
def test_what_ended_does_not_come_back(ended: str) -> None:
    """Only a quoted job may run again."""
    assert judge(known(ended), seen("Running"), [], [], NOW) == NOTHING_NEW


@pytest.mark.parametrize("waiting", ["Quoted", GONE])
def test_a_quoted_or_lost_job_may_come_back(waiting: str) -> None:
    """Approval brings a quote to life; a job out of sight was never over."""
    decision = judge(known(waiting), seen("Running"), [], [], NOW)
    assert decision.transition is not None
    assert decision.transition.new == "Running"


def test_nothing_changes_when_nothing_changed() -> None:
    """The same reading twice writes nothing the second time."""
    assert judge(known("Running", 1), seen("Running", 1), [], [], NOW) == NOTHING_NEW


def test_a_listing_keeps_the_tree_that_a_get_brought() -> None:
    """Lists never carry the tree; losing it would make a live card flicker."""
    tree = Progress(branches=(Branch(0, "prep", "Running"),))
    stored = replace(known("Running"), job=job("Running", 0, progress=tree))
    from_list = replace(seen("Running"), job=job("Running", 1, progress=Progress(fraction=0.5)))
    decision = judge(stored, from_list, [], [], NOW)
    assert decision.known is not None
    assert decision.known.job.progress == tree
    cancelled = replace(from_list, job=job("Cancelled", 1, progress=Progress(step="EMEQ")))
    decision = judge(stored, cancelled, [], [], NOW)
    assert decision.known is not None
    assert decision.known.job.progress == tree
    result = Progress(result="-8.42 kcal/mol")
    ended = replace(from_list, job=job("Succeeded", 1, progress=result))
    decision = judge(stored, ended, [], [], NOW)
    assert decision.known is not None
    assert decision.known.job.progress == result
    fresh = replace(from_list, detailed=True)
    decision = judge(stored, fresh, [], [], NOW)
    assert decision.known is not None
    assert decision.known.job.progress == Progress(fraction=0.5)


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        (ActionKind.CANCEL, "Running", None),
        (ActionKind.CANCEL, "Cancelled", "cancelled"),
        (ActionKind.CANCEL, "Succeeded", "too late"),
        (ActionKind.APPROVE, "Quoted", None),
        (ActionKind.APPROVE, "Running", "approved"),
        (ActionKind.APPROVE, "InsufficientFunds", "refused"),
        (ActionKind.APPROVE, "Cancelled", "refused"),
    ],
)
def test_readings_answer_open_actions(kind: ActionKind, status: str, outcome: str | None) -> None:
    """A cancel is open until the platform says how it ended."""
    assert action_outcome(kind, status) == outcome
    decision = judge(known("Finishing"), seen(status), [], [asked(kind)], NOW)
    assert decision.closed == (((9, outcome),) if outcome else ())


def test_an_answer_is_taken_even_when_the_job_is_already_known_to_have_ended() -> None:
    """An action asked after the end was stored is closed by the next reading, not left open for ever."""
    decision = judge(known("Cancelled", 1), seen("Cancelled", 1), [], [asked(ActionKind.CANCEL)], NOW)
    assert decision.closed == ((9, "cancelled"),)


def test_what_was_read_before_an_action_answers_nothing() -> None:
    """Somebody else's cancel, read a moment earlier, is not the answer to this one."""
    earlier = seen("Cancelled", began=-1)
    decision = judge(known("Running", read=-2), earlier, [], [asked(ActionKind.CANCEL)], NOW)
    assert decision.known is not None
    assert decision.closed == ()


def test_a_naive_reading_is_refused() -> None:
    """A time without a zone is a bug."""
    with pytest.raises(ValueError, match="naive"):
        Reading(job=job("Running"), began_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_a_result_stays_when_a_tree_without_one_follows() -> None:
    """Only the flat report of a listing is known to have results; a detailed read brings the tree alone."""
    before = known("Succeeded")
    listed = replace(before, job=replace(before.job, progress=Progress(result="-8.42 kcal/mol")))
    tree = Progress(fraction=1.0, branches=(Branch(0, "RBFE", "Succeeded"),))
    detailed = seen("Succeeded", detailed=True)
    decision = judge(listed, replace(detailed, job=replace(detailed.job, progress=tree)), [], [], NOW)
    assert decision.known is not None
    assert decision.known.job.progress == replace(tree, result="-8.42 kcal/mol")


@pytest.mark.parametrize(
    ("status", "told"), [("Failed", ("U1", "U2")), (GONE, ("U1", "U2")), ("Cancelled", ("U1",))]
)
def test_who_asked_for_failures_is_told_of_failures(status: str, told: tuple[str, ...]) -> None:
    """Both share the message that concerns both, and it is urgent for the sake of one of them."""
    wishes = [wish(1, "U1"), replace(wish(2, "U2"), failures_only=True)]
    decision = judge(known("Running"), seen(status), wishes, [], NOW)
    (owed,) = decision.owed
    assert (owed.mentions, owed.urgent) == (told, "U2" in told)
    assert decision.finished == (1, 2)


def waiting(*jobs: str) -> list[Delivery]:
    """Give a delivery for each name of a job, with `!` an urgent one; oldest first, their ids from 1."""
    return [
        Delivery(
            id=number,
            transition=Transition(
                job_id=name.rstrip("!"), seq=1 + number, old="Running", new="Failed", seen_at=NOW
            ),
            destination=HERE,
            mentions=("U1",),
            snapshot=job("Failed"),
            urgent=name.endswith("!"),
        )
        for number, name in enumerate(jobs, start=1)
    ]


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ("a", [1]),
        ("a b c!", [1]),
        ("a b c d", [1, 2, 3, 4]),
        ("a b c! d!", [3]),
        ("a b! c! d!", [2]),
        ("a! b! c d! e f!", [1, 2, 4, 6]),
    ],
)
def test_up_to_three_are_told_one_by_one_and_urgent_ones_break_through(jobs: str, told: list[int]) -> None:
    assert [each.id for each in told_next(waiting(*jobs.split()))] == told


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ("a b c b!", [2]),
        ("a b! c b", [2]),
        ("a b b c b!", [2]),
        ("x a! b b! c! y d! a", [2, 3, 4, 5, 7]),
    ],
)
def test_what_is_urgent_overtakes_nothing_older_about_the_same_job(jobs: str, told: list[int]) -> None:
    assert [each.id for each in told_next(waiting(*jobs.split()))] == told
