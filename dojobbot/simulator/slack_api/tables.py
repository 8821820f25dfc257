"""Slack's rules for tables and charts, and what a whole message may hold of them.

Numbers are those of the Block Kit reference: `table` 100 rows of 20 cells and 10,000 characters, `data_table`
a header and 1 to 200 rows of 1 to 20 columns and 20,000 characters a message, charts two a message.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from dojobbot.simulator.slack_api.checks import (
    Check,
    Problems,
    has_fields,
    items,
    one_of,
    string,
)
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.rich_text import rich_text

MOST_TABLE_TEXT = 10_000
MOST_DATA_TABLE_TEXT = 20_000
MOST_CHARTS = 2


def _raw_text(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("text",)):
        string(value["text"], f"{at}/text", problems, MOST_DATA_TABLE_TEXT)


def _raw_number(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("value",), ("text",)) and not _is_number(value["value"]):
        problems.add("must be a number", f"{at}/value")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


CELLS: dict[str, Check] = {"raw_text": _raw_text, "raw_number": _raw_number, "rich_text": rich_text}


def _cell(value: Any, at: str, problems: Problems, kinds: dict[str, Check]) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    check = kinds.get(kind) if isinstance(kind, str) else None
    if check is None:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
    else:
        check(value, at, problems)


def _row(value: Any, at: str, problems: Problems) -> None:
    items(value, at, problems, 20, partial(_cell, kinds=CELLS))


def _column(value: Any, at: str, problems: Problems) -> None:
    if value is not None and has_fields(value, at, problems, (), ("align", "is_wrapped")):
        one_of(value.get("align", "left"), f"{at}/align", problems, ("left", "center", "right"))


def table(value: Any, at: str, problems: Problems) -> None:
    """A plain table."""
    if has_fields(value, at, problems, ("rows",), ("column_settings",)):
        items(value["rows"], f"{at}/rows", problems, 100, _row)
        if "column_settings" in value:
            items(value["column_settings"], f"{at}/column_settings", problems, 20, _column)
        if _text_of(value["rows"]) > MOST_TABLE_TEXT:
            problems.add(f"must be less than {MOST_TABLE_TEXT + 1} characters in all", f"{at}/rows")


def data_table(value: Any, at: str, problems: Problems) -> None:
    """A table that people can page through and sort; its first row is the header."""
    if not has_fields(value, at, problems, ("rows", "caption"), ("page_size", "row_header_column_index")):
        return
    string(value["caption"], f"{at}/caption", problems, 3000)
    rows = value["rows"]
    items(rows, f"{at}/rows", problems, 201, _row, least=2)
    if isinstance(rows, list) and rows and isinstance(rows[0], list):
        header = {name: check for name, check in CELLS.items() if name != "rich_text"}
        items(rows[0], f"{at}/rows/0", problems, 20, partial(_cell, kinds=header))
        if any(isinstance(row, list) and len(row) != len(rows[0]) for row in rows):
            problems.add("all rows must have the same number of cells", f"{at}/rows")
    size = value.get("page_size", 5)
    if not isinstance(size, int) or not 1 <= size <= 100:
        problems.add("must be between 1 and 100", f"{at}/page_size")


def _point(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("label", "value")):
        string(value["label"], f"{at}/label", problems, 20)
        if not _is_number(value["value"]):
            problems.add("must be a number", f"{at}/value")


def _segment(value: Any, at: str, problems: Problems) -> None:
    _point(value, at, problems)
    if isinstance(value, dict) and _is_number(value.get("value")) and value["value"] <= 0:
        problems.add("must be greater than 0", f"{at}/value")


def _series(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("name", "data")):
        string(value["name"], f"{at}/name", problems, 20)
        items(value["data"], f"{at}/data", problems, 20, _point)


def _axes(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("categories",), ("x_label", "y_label")):
        items(value["categories"], f"{at}/categories", problems, 20, partial(string, limit=20))


def _over_categories(drawn: Json, at: str, problems: Problems) -> None:
    """What must be so between the series and their axis: unique names, and a point for each category."""
    items(drawn["series"], f"{at}/series", problems, 12, _series)
    _axes(drawn["axis_config"], f"{at}/axis_config", problems)
    if problems:
        return
    names = [series["name"] for series in drawn["series"]]
    if len(set(names)) < len(names):
        problems.add("names of series must be unique", f"{at}/series")
    for number, series in enumerate(drawn["series"]):
        if [point["label"] for point in series["data"]] != drawn["axis_config"]["categories"]:
            problems.add("labels must be the categories of axis_config", f"{at}/series/{number}/data")


def chart(value: Any, at: str, problems: Problems) -> None:
    """A chart: a pie of segments; or bars, lines or areas of series over labels."""
    if not has_fields(value, at, problems, ("title", "chart")):
        return
    string(value["title"], f"{at}/title", problems, 50)
    drawn = value["chart"]
    kind = drawn.get("type") if isinstance(drawn, dict) else None
    if kind == "pie":
        if has_fields(drawn, f"{at}/chart", problems, ("segments",)):
            items(drawn["segments"], f"{at}/chart/segments", problems, 12, _segment)
    elif isinstance(kind, str) and kind in {"bar", "line", "area"}:
        if has_fields(drawn, f"{at}/chart", problems, ("series", "axis_config")):
            _over_categories(drawn, f"{at}/chart", problems)
    else:
        problems.add(f"unsupported type: {kind}", f"{at}/chart/type")


def check_message(blocks: Iterable[Json], problems: Problems) -> None:
    """Note what a message holds too much of: tables, their text, charts.

    Args:
        blocks: all blocks of the message, those of its attachments and of containers included.
        problems: receives a line per problem.
    """
    every = list(blocks)
    tables = [block for block in every if block.get("type") == "table"]
    if len(tables) > 1:
        problems.append("[ERROR] only_one_table_allowed")
    wide = sum(_text_of(block.get("rows")) for block in every if block.get("type") == "data_table")
    if wide > MOST_DATA_TABLE_TEXT:
        problems.append(f"[ERROR] data tables must be less than {MOST_DATA_TABLE_TEXT + 1} characters")
    if sum(block.get("type") == "data_visualization" for block in every) > MOST_CHARTS:
        problems.append(f"[ERROR] no more than {MOST_CHARTS} data_visualization blocks allowed")


def _text_of(value: Any) -> int:
    """The characters of all cells inside a value."""
    if isinstance(value, list):
        return sum(_text_of(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else len(str(value.get("value", "")))
    return own + _text_of(value.get("elements"))
