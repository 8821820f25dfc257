"""The guide to the simulators lists every rule that has a test, in the test's own words."""

import ast
import re
from pathlib import Path

import pytest

from tests.fidelity.block_rules import RULES

HERE = Path(__file__).parent
GUIDE = (HERE.parents[1] / "docs" / "simulator.md").read_text()
PAGE = re.compile(r"\((apis|authentication|interactivity|legacy|messaging|reference)/[\w./-]+\)\.$")


def rules(path: Path) -> dict[str, str]:
    """The tests of a file with their docstrings, each as one line."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
            found[node.name] = " ".join((ast.get_docstring(node) or "").split())
    return found


def listed() -> dict[str, str]:
    """The rules of the guide: test -> words."""
    return {match[2]: match[1] for match in re.finditer(r"^- (.*) `(test_\w+)`$", GUIDE, re.MULTILINE)}


TESTED = {
    name: words
    for path in sorted(HERE.glob("test_slack_rules_*.py"))
    if path.name != Path(__file__).name
    for name, words in rules(path).items()
}


@pytest.mark.parametrize("name", TESTED)
def test_a_rule_names_its_page(name: str) -> None:
    """Every test of a rule ends its words with the page of docs.slack.dev that the rule is from."""
    assert PAGE.search(TESTED[name]), f"{name} names no page"


def test_the_guide_lists_every_rule_and_no_other() -> None:
    """What the guide says about the rules is what the tests say."""
    assert listed() == TESTED


def test_the_guide_lists_every_limit_of_block_kit() -> None:
    """The table of limits in the guide has a line for each."""
    lines = re.findall(r"^\| (.*) \| `(reference/.*)` \|$", GUIDE, re.MULTILINE)
    assert lines == [(rule.words, rule.page) for rule in RULES]
