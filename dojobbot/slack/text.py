"""Words and numbers as Slack shows them, pure: escaping, clipping, dates, durations, money and budgets.

Facts from Slack's documentation (messaging/formatting-message-text, reference/block-kit): only `& < >` are
escaped; `<!date^...>` is shown in the viewer's time zone; a text object holds 1 to 3000 characters; a message
about 12,000 characters of block text in all (an undocumented cap, `msg_blocks_too_long`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

__all__ = [
    "MESSAGE_BUDGET",
    "SECTION_BUDGET",
    "block_text",
    "callout",
    "clip",
    "clock",
    "code",
    "date",
    "duration",
    "escape",
    "foreign",
    "mention",
    "money",
    "plain",
    "plural",
    "ran",
    "unit_price",
]

SECTION_BUDGET = 3000
MESSAGE_BUDGET = 12_000

_MOST_CALLED = 200
"""About 3,000 of the 4,000 characters that Slack advises for a message's text."""
_SHRINKS = 10
"""A text that shrinks to less than a tenth, since spaces run together and odd characters go, is cut early."""
_NEAR = timedelta(hours=12)
_CUT_ENTITY = re.compile(r"&[a-z]{0,4}$")


def escape(text: str) -> str:
    """Escape the three characters that mean something to Slack, so that foreign text pings nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """Cut escaped text to `limit` characters, never inside `&amp;` or `<...>`; a cut ends with `…`."""
    if len(text) <= limit:
        return text
    cut = _CUT_ENTITY.sub("", text[: limit - 1])
    if cut.rfind("<") > cut.rfind(">"):
        cut = cut[: cut.rfind("<")]
    return cut.rstrip() + "…"


def plain(text: str, limit: int) -> str:
    """Make foreign text one printable line of at most `limit` characters, for `plain_text` objects.

    It is cut before it is looked at, so that megabytes cost no more than what is shown of them.
    """
    whole = text.strip()
    beginning = whole[: _SHRINKS * limit]
    line = "".join(each for each in " ".join(beginning.split()) if each.isprintable()).strip()
    if len(line) <= limit and len(beginning) == len(whole):
        return line
    return line and line[: limit - 1].rstrip() + "…"


def foreign(text: str, limit: int) -> str:
    """Make foreign text one escaped line of at most `limit` characters, for mrkdwn.

    A backtick becomes an apostrophe: it would pair with one of ours and turn what lies between into code.
    """
    return clip(escape(plain(text, limit).replace("`", "'")), limit)


def code(text: str, limit: int = 100) -> str:
    """Give foreign text as inline code; something blank becomes a question mark."""
    return f"`{foreign(text, limit) or '?'}`"


def mention(user_id: str) -> str:
    """Name a Slack user so that Slack shows (and tells) the person."""
    return f"<@{escape(user_id)}>"


def callout(user_ids: Iterable[str]) -> str:
    """Mention people, each once, before a headline; of very many, the rest are counted."""
    everybody = tuple(dict.fromkeys(user_ids))
    named = "".join(f"{mention(user_id)} " for user_id in everybody[:_MOST_CALLED])
    rest = len(everybody) - _MOST_CALLED
    return f"{named}and {plural(rest, 'other')}: " if rest > 0 else named


def date(moment: datetime, now: datetime) -> str:
    """Give a moment in the viewer's zone: the time alone when it is near, else with its day.

    The fallback, for clients that show no dates, is in UTC and says so.
    """
    utc = moment.astimezone(UTC)
    if abs(now - moment) < _NEAR:
        return f"<!date^{int(utc.timestamp())}^{{time}}|{utc:%H:%M} UTC>"
    return stamp(moment)


def clock(moment: datetime, now: datetime) -> str:
    """Give a moment in the viewer's zone to the second, for lines of a log; with its day unless near."""
    utc = moment.astimezone(UTC)
    if abs(now - moment) < _NEAR:
        return f"<!date^{int(utc.timestamp())}^{{time_secs}}|{utc:%H:%M:%S} UTC>"
    fallback = f"{utc:%d %b %Y, %H:%M:%S} UTC"
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} {{time_secs}}|{fallback}>"


def stamp(moment: datetime) -> str:
    """Give a moment with its day in the viewer's zone, for what may still be read on another day."""
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} {{time}}|{utc:%d %b %Y, %H:%M} UTC>"


def duration(span: timedelta) -> str:
    """Say how long: `40 s`, `16 min`, `3 h 20 min`, `2 d 4 h`. A negative span counts as none."""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return _two(hours, "h", minutes % 60, "min")
    return _two(days, "d", hours % 24, "h")


def ran(span: timedelta) -> str:
    """Say how long what is over took: from a minute on to the nearest one, half a minute up.

    So the dataframe rounds, too. What still goes on has not reached the next minute.
    """
    minute = timedelta(minutes=1)
    return duration(span if span < minute else (span + minute / 2) // minute * minute)


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def money(amount: float) -> str:
    """Give US dollars with cents: `$184.50`."""
    return f"-${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


def unit_price(amount: float) -> str:
    """Give a price of one piece in US dollars, with as many decimals as it has, six at most: `$0.0125`."""
    return money(amount) if round(amount, 2) == round(amount, 6) else f"${amount:,.6f}".rstrip("0")


def plural(count: int, noun: str) -> str:
    """Count a regular noun: `1 job`, `2 jobs`, `1,000 jobs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def block_text(value: object) -> int:
    """Count the characters of all text objects inside a payload, which Slack limits to about 12,000."""
    if isinstance(value, list):
        return sum(block_text(each) for each in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    counted = len(own) if isinstance(own, str) and "type" in value else 0
    return counted + sum(block_text(each) for each in value.values())
