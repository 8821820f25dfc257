"""The words after `/jobs` and `/job`, read into a query, or refused with a suggestion. Pure.

Nothing is guessed: a word that is not understood raises InvalidQuery, whose message names it and the nearest
word that is, and whose hint says what to type. Messages hold what was typed as it was: escape before showing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dojobbot.domain import KNOWN_STATUSES, SYNONYMS, normalise
from dojobbot.errors import InvalidQuery
from dojobbot.query_words import shown, split_words, unknown_word, value_of, zone

__all__ = ["DEFAULT_LIMIT", "MOST", "VERBS", "JobQuery", "JobsQuery", "parse_job", "parse_jobs"]

DEFAULT_LIMIT = 10
MOST = 50
VERBS = ("watch", "stop", "notify", "mute", "deliveries", "cancel", "approve")

_ONLY_FAILURES = "failures"
"""What may follow `notify`; both together are the verb of this name."""
_STATUSES = {word.lower(): normalise(word) for word in (*KNOWN_STATUSES, *SYNONYMS)}
_MEANT = {
    "active": "running",
    "done": "succeeded",
    "ended": "succeeded",
    "error": "failed",
    "errors": "failed",
    "finished": "succeeded",
    "me": "mine",
    "my": "mine",
    "ok": "succeeded",
    "pending": "queued",
    "stopped": "cancelled",
    "success": "succeeded",
    "waiting": "queued",
}
_MEANT_TO_DO = {
    "abort": "cancel",
    "accept": "approve",
    "confirm": "approve",
    "delete": "cancel",
    "fail": "notify failures",
    "failed": "notify failures",
    "follow": "watch",
    "kill": "cancel",
    "remove": "cancel",
    "subscribe": "notify",
    "unsubscribe": "mute",
    "unwatch": "stop",
    "why": "deliveries",
}
_KEYS = ("tool:", "tag:", "session:", "since:", "limit:")
_WATCH = "watch"
_SPAN = re.compile(r"([0-9]{1,6})([hdw])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST = timedelta(days=3660)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_AROUND_AN_ID = "()[]#…"
_PREFIX = re.compile(r"[0-9a-f][0-9a-f-]{5,35}")
_PLAIN_HEX = re.compile(r"[0-9a-f]{9,32}")
_SINCE_HINT = "Type hours, days, weeks or a date: `since:12h`, `since:7d`, `since:2w`, `since:2026-11-20`."
_JOB_HINT = "Type `/job` and at least six characters of an id, such as `/job 9e9eb45e`. `/jobs` shows ids."


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsQuery:
    """What `/jobs` was asked for. `since` is in UTC; `description` says the filters in the person's words.

    `watch`: one live card of the jobs is wanted, not a list. `tag`, and `session` (all of it or how it
    begins), are in lower case. `slides`: `since` counts back from the moment of asking.
    """

    watch: bool = False
    statuses: frozenset[str] = frozenset()
    mine: bool = False
    tool: str | None = None
    tag: str | None = None
    session: str | None = None
    since: datetime | None = None
    slides: bool = False
    limit: int = DEFAULT_LIMIT
    help: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """What `/job` was asked for: `target` is a full id or a prefix of one, in lower case.

    `verb` is one of VERBS, or `failures` after `notify failures`.
    """

    target: str = ""
    verb: str | None = None
    help: bool = False


def parse_jobs(text: str, *, now: datetime, tz: str) -> JobsQuery:
    """Read the words after `/jobs`.

    Args:
        text: what was typed; words are separated by spaces or commas, their case does not matter.
        now: the present, to count `since:` from.
        tz: the person's IANA zone, in which a date begins; one that is not known counts as UTC.

    Raises InvalidQuery for a word that is not understood, or two that contradict each other.
    """
    words = split_words(text.replace(",", " "))
    if "help" in words:
        return JobsQuery(help=True)
    watch = _WATCH in words
    verbs = [word for word in words if word in VERBS]
    words = [word for word in words if word != _WATCH]
    statuses = {_STATUSES[word]: word for word in words if word in _STATUSES}
    for key in _KEYS:
        if key in words:
            raise InvalidQuery(f"`{key}` needs a value right behind the colon.", hint=_EXAMPLES[key])
    for word in words:
        if word not in _STATUSES and word != "mine" and not word.startswith(_KEYS):
            raise _about_one_job(word, words, verbs) or _not_a_filter(word)
    tool, tag, session, since, limit = (value_of(words, key) for key in _KEYS)
    mine = "mine" in words
    said = [*statuses.values(), *(["mine"] if mine else [])]
    said += [
        f"{key}{value}"
        for key, value in zip(_KEYS, (tool, tag, session, since), strict=False)
        if value is not None
    ]
    return JobsQuery(
        watch=watch,
        statuses=frozenset(statuses),
        mine=mine,
        tool=tool,
        tag=tag,
        session=session,
        since=None if since is None else _since(since, now, tz),
        slides=since is not None and _ago(since, now) is not None,
        limit=DEFAULT_LIMIT if limit is None else _limit(limit),
        description=", ".join(said),
    )


def parse_job(text: str) -> JobQuery:
    """Read the words after `/job`: an id, six or more characters of one, or a URL with one; and a verb.

    Of several ids in one URL the last is meant: what comes before it is what the job belongs to.
    Raises InvalidQuery when there is no id, more than one, or a word that is neither.
    """
    words = [bare for word in split_words(text.replace(",", " ")) if (bare := word.strip(_AROUND_AN_ID))]
    if not words or "help" in words:
        return JobQuery(help=True)
    verbs = _verbs(words)
    rest = [word for word in dict.fromkeys(words) if word not in (*VERBS, *verbs)]
    if not rest:
        raise InvalidQuery(f"Which job do you mean to {verbs[0]}?", hint=_JOB_HINT)
    targets = [target for target in map(_target, rest) if target]
    strange = [word for word in rest if not _target(word)]
    if strange and targets:
        raise _not_a_verb(strange[0])
    if strange:
        raise _not_an_id(strange[0])
    if len(set(targets)) > 1:
        raise InvalidQuery("You named more than one job.", hint="Type one id at a time.")
    if len(verbs) > 1:
        raise InvalidQuery(
            f"I can't do both `{verbs[0]}` and `{verbs[1]}`.", hint="Type one of them after the id."
        )
    return JobQuery(target=targets[0], verb=verbs[0] if verbs else None)


def _verbs(words: list[str]) -> list[str]:
    """Give the verbs that were typed, each once; `failures` says more about `notify`, wherever it stands."""
    verbs = list(dict.fromkeys(word for word in words if word in VERBS))
    if _ONLY_FAILURES not in words:
        return verbs
    if verbs != ["notify"]:
        raise InvalidQuery("`failures` goes with `notify`.", hint="Type `/job <id> notify failures`.")
    return [_ONLY_FAILURES]


def _not_a_verb(word: str) -> InvalidQuery:
    """Explain a word behind an id that is no verb: another word for one, or a typing mistake."""
    hint = f"After the id you can type {_listed(VERBS)}; to refresh or share, use the card's menu."
    if word in _MEANT_TO_DO:
        return InvalidQuery(f"I don't know `{word}`. Did you mean `{_MEANT_TO_DO[word]}`?", hint=hint)
    return unknown_word(word, (*VERBS, _ONLY_FAILURES), hint)


def _about_one_job(word: str, words: list[str], verbs: list[str]) -> InvalidQuery | None:
    """Explain an id or a verb that was typed after `/jobs`; None for another word."""
    target = next(filter(None, map(_target, words)), None)
    if word not in VERBS and not _target(word):
        return None
    what = "is about one job" if word in VERBS else "looks like a job's id"
    meant = " ".join(["/job", shown(target or "<id>"), *verbs[:1]])
    return InvalidQuery(f"`{shown(word)}` {what}.", hint=f"Type `{meant}`{'.' if verbs else ' to open it.'}")


def _not_a_filter(word: str) -> InvalidQuery:
    """Explain a word that `/jobs` does not know: another word for a status, or a typing mistake."""
    if word in _MEANT:
        return InvalidQuery(
            f"I don't know `{word}`. Did you mean `{_MEANT[word]}`?",
            hint="Type `/jobs help` to see all words.",
        )
    if word == "all":
        return InvalidQuery("`all` is not needed.", hint="`/jobs` alone lists jobs of every status.")
    return unknown_word(
        word,
        (*_STATUSES, "mine", _WATCH, "help", "export", "stats", *_KEYS),
        "Type `/jobs help` to see all words.",
    )


_EXAMPLES = {
    "tool:": "For example `tool:docking`.",
    "tag:": "For example `tag:cdk2-screen`; a tag has no spaces here.",
    "session:": "For example `session:906a456b`, the beginning of a session's id.",
    "since:": _SINCE_HINT,
    "limit:": f"For example `limit:20`; at most {MOST}.",
}


def _limit(value: str) -> int:
    digits = value.isascii() and value.isdigit()
    if not digits or len(value) > 6 or not 1 <= int(value) <= MOST:
        raise InvalidQuery(
            f"`limit:{shown(value)}` is not a number from 1 to {MOST}.", hint=_EXAMPLES["limit:"]
        )
    return int(value)


def _since(value: str, now: datetime, tz: str) -> datetime:
    moment = _ago(value, now) or _midnight(value, tz)
    if moment is None:
        raise InvalidQuery(f"`since:{shown(value)}` is not a time.", hint=_SINCE_HINT)
    if moment > now:
        raise InvalidQuery(f"`since:{shown(value)}` lies in the future.", hint=_SINCE_HINT)
    if now - moment > _LONGEST:
        raise InvalidQuery(f"`since:{shown(value)}` is more than ten years ago.", hint=_SINCE_HINT)
    return moment


def _ago(value: str, now: datetime) -> datetime | None:
    found = _SPAN.fullmatch(value)
    if found is None:
        return None
    # A span that reaches beyond the calendar is cut to one that is refused as too long.
    span = min(int(found[1]) * _UNITS[found[2]], 2 * _LONGEST)
    return now.astimezone(UTC) - span


def _midnight(value: str, tz: str) -> datetime | None:
    """Give the beginning of a day in the person's zone, in UTC."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
        return None
    try:
        local = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=zone(tz))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _target(word: str) -> str | None:
    """Read an id or a prefix out of a word, None where there is none."""
    ids = _UUID.findall(word)
    if ids:
        return str(ids[-1])
    if _PLAIN_HEX.fullmatch(word):
        groups = (word[:8], word[8:12], word[12:16], word[16:20], word[20:])
        return "-".join(group for group in groups if group)
    return word if _PREFIX.fullmatch(word) else None


def _not_an_id(word: str) -> InvalidQuery:
    if re.fullmatch(r"[0-9a-f-]{1,5}", word):
        return InvalidQuery(
            f"`{word}` is too short to name a job: six characters or more are needed.", hint=_JOB_HINT
        )
    if "://" in word:
        return InvalidQuery("There is no job id in that link.", hint=_JOB_HINT)
    return unknown_word(word, VERBS, f"Jobs are found by id, not by name. {_JOB_HINT}")


def _listed(words: Collection[str]) -> str:
    *most, last = (f"`{word}`" for word in words)
    return f"{', '.join(most)} or {last}"
