"""Many jobs on one live card, as people in one channel ask for it one after the other."""

from __future__ import annotations

from dojobbot.simulator import scenario
from dojobbot.simulator.slack_api.world import ADA, BORIS
from tests.acceptance.stage import shown
from tests.integration.handlers_side import Front
from tests.integration.middle import HERE, Middle
from tests.integration.test_handlers import typed


def cards(built: Middle, words: str) -> list[str]:
    """The bot's messages with these words."""
    return [text for each in built.messages() if words in (text := shown(each))]


async def is_live(built: Middle, job_id: str) -> bool:
    """Whether some live card in the channel follows a job."""
    singly = await built.store.watched_singly(HERE)
    return await built.store.batch_holding(job_id, HERE) is not None or job_id in {job.id for job in singly}


async def test_jobs_that_come_later_join_the_one_card_of_what_was_started_together(
    room: Front, built: Middle
) -> None:
    """The fourth card of jobs of the same minute, beside the card of many: no job loses its live card."""
    first = [built.job(name=f"Ligand {number}") for number in range(4)]
    for job_id in first:
        said = await typed(room, f"/job {job_id} watch")
    assert "One live card of 4 jobs" in said
    assert "takes the place of 3 cards" in said
    await built.deliver()
    later = [built.job(name=f"Ligand {number}") for number in range(4, 8)]
    for job_id in later:
        said = await typed(room, f"/job {job_id} watch")
    assert "This job joins a live card here" in said
    assert "takes the place of 3 cards" in said
    assert all([await is_live(built, job_id) for job_id in (*first, *later)])
    await built.deliver()
    assert len(cards(built, "Docking jobs started together: 0 of 8 jobs done")) == 1


async def test_a_hidden_job_has_a_card_of_its_own_beside_one_that_cannot_show_it(
    room: Front, built: Middle
) -> None:
    for number in range(3):
        await typed(room, f"/job {built.job(name=f'Ligand {number}')} watch")
    hidden = built.job(name="Apart", visibility="hidden")
    assert "A live card is on its way" in await typed(room, f"/job {hidden} watch")
    assert await is_live(built, hidden)


async def test_mine_are_the_jobs_of_whoever_types_it(room: Front, built: Middle) -> None:
    """Two people have a card each in one channel."""
    for number in range(2):
        built.job(name=f"Of Ada {number}")
        built.job(name=f"Of Boris {number}", createdBy=scenario.BORIS)
    for user in (ADA, BORIS):
        assert "One live card of 2 jobs" in await typed(room, "/jobs watch mine", user=user)
        await built.deliver()
    of_ada, of_boris = cards(built, "mine: 0 of 2 jobs done")
    assert "Of Ada 1" in of_ada
    assert "Of Boris 1" in of_boris


async def test_words_typed_again_add_what_they_find_now(room: Front, built: Middle) -> None:
    """To the card that is there, whoever typed them first; what it shows stays on it."""
    built.job(name="First")
    built.job(name="Second")
    await typed(room, "/jobs watch running")
    await built.deliver()
    again = await typed(room, "/jobs watch running", user=BORIS)
    assert "There is a live card of these jobs here already" in again
    built.job(name="Third")
    assert "another job is on it now" in await typed(room, "/jobs watch running", user=BORIS)
    await built.deliver()
    (card,) = cards(built, "running: 0 of 3 jobs done")
    assert "Third" in card


async def test_typed_again_the_words_add_a_single_job_too(room: Front, built: Middle) -> None:
    """It has no card of its own beside that one."""
    ended = [built.job(name=name) for name in ("First", "Second")]
    await typed(room, "/jobs watch running")
    await built.deliver()
    for job_id in ended:
        built.world.change(job_id, status="Failed")
    built.job(name="Third")
    assert "another job is on it now" in await typed(room, "/jobs watch running")
    await built.deliver()
    (card,) = cards(built, "running: ")
    assert "Third" in card


async def test_a_span_of_time_means_other_jobs_on_another_day(room: Front, built: Middle) -> None:
    """The card of the old span stays what it was; on the same day it is one card, an hour later, too."""
    built.job(name="First")
    built.job(name="Second")
    assert "One live card of 2 jobs" in await typed(room, "/jobs watch since:1d")
    await built.deliver()
    built.clock.advance(hours=1)
    assert "here already" in await typed(room, "/jobs watch since:1d")
    built.clock.advance(days=1)
    for name in ("Third", "Fourth", "Fifth"):
        built.job(name=name)
    assert "One live card of 3 jobs" in await typed(room, "/jobs watch since:1d")
    await built.deliver()
    assert len(cards(built, "since:1d: 0 of 2 jobs done")) == 1
    assert len(cards(built, "since:1d: 0 of 3 jobs done")) == 1
