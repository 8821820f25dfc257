"""Whatever an app sends as blocks is taken or refused with a pointer; it never breaks the workspace."""

import contextlib
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dojobbot.simulator.slack_api.content import read_content
from dojobbot.simulator.slack_api.problems import SlackError
from dojobbot.simulator.slack_api.views import check_view
from tests.fidelity.block_rules import RULES
from tests.fidelity.slack_side import MODAL, Json

JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text"]), inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a value; of equal list items the first alone."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list) and value:
        inner = [(0, value[0])]
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def broken(block: Json, path: tuple[Any, ...], junk: Any) -> Any:
    """The block with something else at a place."""
    if not path:
        return junk
    whole = deepcopy(block)
    target: Any = whole
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = junk
    return whole


@st.composite
def broken_blocks(draw: st.DrawFn) -> Any:
    block = draw(st.sampled_from([rule.good for rule in RULES]))
    return broken(block, draw(st.sampled_from(places(block))), draw(JUNK))


@settings(max_examples=400, deadline=None)
@given(broken_blocks())
def test_broken_blocks_are_refused_and_break_nothing(block: Any) -> None:
    for content in ({"blocks": [block]}, {"attachments": [{"blocks": [block]}]}, {"attachments": [block]}):
        with contextlib.suppress(SlackError):
            read_content({"text": "x"} | content)
    with contextlib.suppress(SlackError):
        check_view(MODAL | {"blocks": [block]}, "modal")
