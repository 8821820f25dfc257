"""The method `blocks.validate`: what is wrong with blocks, a message or a view, without sending it."""

import re

from dojobbot.simulator.slack_api.blocks import Surface, check_blocks
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.checks import Problems
from dojobbot.simulator.slack_api.content import decoded
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.problems import Json, SlackError

_LINE = re.compile(r"\[ERROR\] (.*) \[json-pointer:(.*)\]")


def blocks_validate(_context: Context, call: Call) -> Json:
    """`blocks.validate`: exactly one of `blocks`, `message` and `view`; needs no token.

    A missing top-level text is no error there.
    """
    given = [name for name in ("blocks", "message", "view") if call.args.get(name)]
    if len(given) != 1:
        raise SlackError("invalid_arguments", messages=("[ERROR] exactly one of blocks, message, view",))
    content = decoded(call.args, given[0], "invalid_arguments")
    surface: Surface = "message"
    if given[0] != "blocks":
        if not isinstance(content, dict):
            raise SlackError("invalid_arguments")
        if given[0] == "view":
            surface = "home" if content.get("type") == "home" else "modal"
        content = content.get("blocks")
    problems = Problems()
    check_blocks(content, "/blocks", problems, surface)
    if not problems:
        return {"ok": True}
    raise SlackError(f"invalid_{given[0]}", extra={"errors": [_error(line) for line in problems]})


def _error(line: str) -> Json:
    """A line of complaint as the method words it."""
    found = _LINE.fullmatch(line)
    message, pointer = (found[1], found[2]) if found else (line, "")
    return {"code": "failed_constraint", "message": message, "pointer": pointer, "constraint": None}
