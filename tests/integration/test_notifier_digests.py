"""Many ends at once with real parts: digests, their follow-ups, and what breaks through them."""

from __future__ import annotations

from typing import Any, cast

from dojobbot.domain import Destination
from dojobbot.errors import SlackError
from dojobbot.ports import Messenger
from dojobbot.simulator.slack_api.world import ADA, BORIS, GENERAL
from tests.acceptance.stage import color, shown
from tests.integration.handlers_side import front
from tests.integration.middle import HERE, POST, Middle, about


async def running(built: Middle, count: int, *, user: str = ADA, failures: bool = False) -> list[str]:
    """Let people follow running jobs."""
    job_ids = [built.job(name=f"Ligand {number}") for number in range(count)]
    for job_id in job_ids:
        await built.look_at(job_id)
        seq, now = (await built.known(job_id)).seq, built.clock.now()
        await built.store.subscribe(user, job_id, HERE, seen_seq=seq, now=now, failures_only=failures)
    return job_ids


async def end(built: Middle, job_ids: list[str], status: str = "Succeeded", **fields: Any) -> None:
    """Let jobs end between two ticks."""
    built.clock.advance(minutes=1)
    for job_id in job_ids:
        built.world.change(job_id, status=status, **fields)
    await built.watcher.tick()


def names_all(messages: list[dict[str, Any]], job_ids: list[str]) -> bool:
    """Whether each job stands in exactly one of the messages."""
    return all(sum(f"`{job_id[:8]}`" in shown(each) for each in messages) == 1 for job_id in job_ids)


async def test_up_to_three_come_one_by_one_and_more_as_one(built: Middle) -> None:
    await end(built, await running(built, 3))
    await built.deliver()
    assert len(built.texts()) == 3
    job_ids = await running(built, 4)
    await end(built, job_ids)
    await built.deliver()
    digest = built.messages()[3]
    assert digest["text"] == f"<@{ADA}> 4 jobs ended: 4 succeeded"
    assert names_all([digest], job_ids)
    assert len(built.texts()) == 4


async def test_a_digest_groups_by_status_and_calls_everybody_once(built: Middle) -> None:
    mine, hers = await running(built, 5), await running(built, 3, user=BORIS)
    built.world.change(hers[1], status="Failed", statusReason="disk full")
    await end(built, [*mine, hers[0], hers[2]])
    await built.deliver()
    (digest,) = built.messages()
    assert digest["text"] == f"<@{ADA}> <@{BORIS}> 8 jobs ended: 1 failed, 7 succeeded"
    assert color(digest) == "dc3545"
    assert "disk full" in shown(digest)
    assert names_all([digest], [*mine, *hers])


async def test_what_does_not_fit_follows_in_order_and_everything_is_settled(built: Middle) -> None:
    job_ids = await running(built, 260)
    await end(built, job_ids)
    await built.deliver()
    pages = built.messages()
    assert len(pages) > 1
    assert [f"{number} of {len(pages)}" in each["text"] for number, each in enumerate(pages, 1)] == [
        True
    ] * len(pages)
    assert [ADA in each["text"] for each in pages] == [True] + [False] * (len(pages) - 1)
    assert names_all(pages, job_ids)
    assert await built.store.next_due(built.clock.now()) is None


async def test_a_page_whose_reply_is_lost_is_found_before_the_next_is_sent(built: Middle) -> None:
    job_ids = await running(built, 150)
    await end(built, job_ids)
    built.slack_fault(POST, "lost_reply", times=1)
    await built.deliver(built.another_notifier(), built.another_notifier())
    pages = built.messages()
    assert [f" {number} of " in each["text"].replace("(", " ") for number, each in enumerate(pages, 1)] == [
        True
    ] * len(pages)
    assert names_all(pages, job_ids)


async def test_a_menu_opens_any_of_them(built: Middle) -> None:
    job_ids = await running(built, 6)
    await end(built, job_ids)
    await built.deliver()
    (digest,) = built.messages()
    async with front(built) as desk:
        menu = digest["attachments"][-1]["blocks"][-1]["elements"][0]
        assert len(menu["options"]) == 6
        option = menu["options"][4]["value"]
        await built.slack.press(ADA, GENERAL, digest["ts"], menu["action_id"], option=option)
        await desk.sees(lambda: any(option[:8] in shown(each) for each in built.messages()[1:]))


class Garbled:
    """A messenger whose blocks Slack does not draw."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._messenger, name)

    async def post(self, destination: Destination, payload: dict[str, object], post_id: str) -> str:
        """Spoil the blocks, if there are any."""
        if payload["attachments"]:
            payload = {**payload, "attachments": [{"blocks": [{"type": "no such block"}]}]}
        return await self._messenger.post(destination, payload, post_id)


async def test_a_digest_that_slack_does_not_draw_names_every_job_in_its_text(built: Middle) -> None:
    job_ids = await running(built, 30)
    await end(built, job_ids)
    await built.deliver(built.another_notifier(cast("Messenger", Garbled(built.messenger))))
    (digest,) = built.messages()
    assert all(f"`{job_id[:8]}`" in digest["text"] for job_id in job_ids)


class Halting:
    """A messenger whose Slack takes one post, and then wants to be left alone for longer than a minute."""

    def __init__(self, built: Middle, *, seconds: int = 100) -> None:
        self._built = built
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._built.messenger, name)

    async def post(self, destination: Destination, payload: dict[str, object], post_id: str) -> str:
        """Let the next post be refused after the first has arrived."""
        is_first = not self._built.messages()
        ts = await self._built.messenger.post(destination, payload, post_id)
        if is_first:
            self._built.slack_fault(POST, "status", status=429, retry_after=self._seconds, times=1)
        return ts


async def test_a_page_that_waits_long_still_follows_and_calls_nobody_again(built: Middle) -> None:
    job_ids = await running(built, 150)
    await end(built, job_ids)
    began = built.clock.now()
    await built.deliver(built.another_notifier(cast("Messenger", Halting(built))))
    assert (built.clock.now() - began).total_seconds() > 90
    pages = built.messages()
    assert [f"{number} of {len(pages)}" in each["text"] for number, each in enumerate(pages, 1)] == [
        True
    ] * len(pages)
    assert [ADA in each["text"] for each in pages] == [True] + [False] * (len(pages) - 1)
    assert names_all(pages, job_ids)


class Choosy:
    """A messenger whose Slack takes any post but one page of a digest, for good, blocks or none."""

    def __init__(self, messenger: Messenger, *, number: int) -> None:
        self._messenger = messenger
        self._marks = (f"({number} of ", f", {number} of ")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._messenger, name)

    async def post(self, destination: Destination, payload: dict[str, object], post_id: str) -> str:
        """Refuse that page, with a word that says nothing of the place."""
        text = str(payload["text"])
        if destination == HERE and any(mark in text for mark in self._marks):
            raise SlackError("Slack says metadata_too_large.", code="metadata_too_large")
        return await self._messenger.post(destination, payload, post_id)


async def test_when_the_first_page_is_refused_for_good_the_others_call_people_and_count_themselves(
    built: Middle,
) -> None:
    mine, hers = await running(built, 110), await running(built, 40, user=BORIS)
    await end(built, [*mine, *hers])
    await built.deliver(built.another_notifier(cast("Messenger", Choosy(built.messenger, number=1))))
    (page,) = built.messages()
    dms = [await built.messenger.open_dm(user) for user in (ADA, BORIS)]
    directly = [*built.messages(dms[0]), *built.messages(dms[1], BORIS)]
    here = [job_id for job_id in (*mine, *hers) if f"`{job_id[:8]}`" in shown(page)]
    callers = "".join(
        f"<@{user}> " for user, theirs in ((ADA, mine), (BORIS, hers)) if set(theirs) & set(here)
    )
    assert page["text"] == f"{callers}{len(here)} jobs ended: {len(here)} succeeded"
    assert names_all([page, *directly], [*mine, *hers])


async def test_when_a_later_page_is_refused_for_good_the_others_stay_as_they_are(built: Middle) -> None:
    """The first one has said how many follow, and has called everybody."""
    job_ids = await running(built, 260)
    await end(built, job_ids)
    await built.deliver(built.another_notifier(cast("Messenger", Choosy(built.messenger, number=2))))
    pages = built.messages()
    assert len(pages) > 1
    count = len(pages) + 1
    assert f"(1 of {count})" in pages[0]["text"]
    assert [f", {number} of {count}:" in each["text"] for number, each in enumerate(pages[1:], 3)] == [
        True
    ] * (count - 2)
    assert [ADA in each["text"] for each in pages] == [True] + [False] * (len(pages) - 1)
    directly = built.messages(await built.messenger.open_dm(ADA))
    assert names_all([*pages, *directly], job_ids)


async def test_a_digest_for_a_closed_channel_becomes_one_for_each_person(built: Middle) -> None:
    mine, hers = await running(built, 5), await running(built, 4, user=BORIS)
    await end(built, [*mine, *hers])
    await built.slack.remove(GENERAL)
    await built.deliver()
    for user, job_ids in ((ADA, mine), (BORIS, hers)):
        messages = built.messages(await built.messenger.open_dm(user), user)
        digest = messages[-1] if "ended" in messages[-1]["text"] else messages[0]
        assert digest["text"].startswith(f"<@{user}> {len(job_ids)} jobs ended")
        assert names_all([digest], job_ids)
        assert f"I couldn't post this in <#{GENERAL}>" in shown(digest)


async def test_a_page_that_follows_hours_later_says_so_and_is_found_as_ever(built: Middle) -> None:
    job_ids = await running(built, 150)
    await end(built, job_ids)
    halting = built.another_notifier(cast("Messenger", Halting(built, seconds=7200)))
    await halting.drain()
    built.slack_fault(POST, "lost_reply", times=1)
    await built.deliver(halting)
    first, second = built.messages()
    assert "late by" not in shown(first)
    assert "This waited to be sent: it comes late by 2 h." in shown(second)
    assert names_all([first, second], job_ids)


# --- failures only


async def test_failures_alone_are_told_of_failures_alone(built: Middle) -> None:
    good, bad = await running(built, 2, failures=True)
    built.world.change(bad, status="Failed")
    await end(built, [good])
    await built.deliver()
    assert [text.startswith(about("Ligand 1 failed")) for text in built.texts()] == [True]
    assert await built.store.followed() == frozenset()


async def test_failures_break_through_a_digest_and_come_in_order(built: Middle) -> None:
    others = await running(built, 10)
    urgent = await running(built, 2, user=BORIS, failures=True)
    await end(built, others)
    for job_id in urgent:
        await built.move(job_id, status="Failed")
    await built.deliver()
    texts = built.texts()
    assert [text.split()[0] for text in texts] == [f"<@{BORIS}>", f"<@{BORIS}>", f"<@{ADA}>"]
    assert [" 0 failed" in texts[0], " 1 failed" in texts[1], "10 jobs ended" in texts[2]] == [True] * 3


async def test_many_failures_break_through_as_a_digest_of_their_own(built: Middle) -> None:
    others = await running(built, 4)
    urgent = await running(built, 6, user=BORIS, failures=True)
    await end(built, others)
    await end(built, urgent, "Failed")
    await built.deliver()
    assert built.texts() == [
        f"<@{BORIS}> 6 jobs ended: 6 failed",
        f"<@{ADA}> 4 jobs ended: 4 succeeded",
    ]


async def test_who_wants_all_and_who_wants_failures_share_the_message_that_concerns_both(
    built: Middle,
) -> None:
    (job_id,) = await running(built, 1)
    seq, now = (await built.known(job_id)).seq, built.clock.now()
    await built.store.subscribe(BORIS, job_id, HERE, seen_seq=seq, now=now, failures_only=True)
    others = await running(built, 5)
    built.world.change(job_id, status="Failed")
    await end(built, others)
    await built.deliver()
    first, second = built.texts()
    assert first.startswith(about("Ligand 0 failed", users=(ADA, BORIS)))
    assert second == f"<@{ADA}> 5 jobs ended: 5 succeeded"


async def typing(built: Middle, typed: str) -> dict[str, Any]:
    """Type a command, and give what comes of it."""
    before = len(built.messages())
    await built.slack.type_command(ADA, GENERAL, typed)
    await built.slack.wait_for(lambda: len(built.messages()) > before)
    return built.messages()[-1]


async def test_notify_failures_is_typed_widened_and_narrowed_and_the_card_says_which(built: Middle) -> None:
    job_id = built.job()
    async with front(built) as desk:
        for typed, said in (
            ("notify failures", "only if it fails"),
            ("notify", "From now on I'll tell you here, where everyone sees it, however it ends"),
            ("failures notify", "From now on I'll tell you here, where everyone sees it, only if it fails"),
            ("notify failures", "already on the list"),
            ("failures", "goes with `notify`"),
        ):
            answer = await typing(built, f"/job {job_id} {typed}")
            assert said in f"{answer['text']} {shown(answer)}"
        (wish,) = await built.store.subscriptions(job_id)
        assert wish.failures_only
        card = await desk.card(job_id)
        assert "I tell you only if it fails" in shown(card)
