"""The limits of Slack's Block Kit reference: of each, a block just right and one too much.

`RULES` is the list: the rule in our words, the page of docs.slack.dev that it is from, and the two blocks.
"""

from typing import Any, NamedTuple

from tests.fidelity.slack_side import BUTTON, WORDS, Json, plain, section

BLOCKS = "reference/block-kit/blocks"
ELEMENTS = "reference/block-kit/block-elements"
OBJECTS = "reference/block-kit/composition-objects"


class Rule(NamedTuple):
    """A limit: what is taken, what is refused, and a part of the complaint."""

    words: str
    page: str
    good: Json
    bad: Json
    complaint: str
    surface: str = "message"


def header(text: str, **more: Any) -> Json:
    return {"type": "header", "text": plain(text)} | more


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**fields: Any) -> Json:
    return actions(BUTTON | fields)


def option(text: str = "One", value: str = "1") -> Json:
    return {"text": plain(text), "value": value}


def group(label: str) -> Json:
    return {"label": plain(label), "options": [option()]}


def menu(count: int) -> Json:
    return actions({"type": "static_select", "options": [option(value=str(n)) for n in range(count)]})


def overflow(count: int) -> Json:
    return actions({"type": "overflow", "options": [option(value=str(n)) for n in range(count)]})


def confirm(**fields: Any) -> Json:
    dialog = {"title": plain("Sure?"), "text": plain("?"), "confirm": plain("Yes"), "deny": plain("No")}
    return button(confirm=dialog | fields)


def context(count: int) -> Json:
    return {"type": "context", "elements": [plain("x")] * count}


def image(**fields: Any) -> Json:
    return {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a"} | fields


def rich(*pieces: Json, part: str = "rich_text_section", **fields: Any) -> Json:
    return {"type": "rich_text", "elements": [{"type": part, "elements": list(pieces)} | fields]}


def markdown(text: str) -> Json:
    return {"type": "markdown", "text": text}


def alert(text: str = "x", level: str = "info") -> Json:
    return {"type": "alert", "text": plain(text), "level": level}


def card(**fields: Any) -> Json:
    return {"type": "card"} | fields


def task(status: str = "complete") -> Json:
    return {"type": "task_card", "task_id": "1", "title": "Dock", "status": status}


def plan(count: int, **fields: Any) -> Json:
    return {"type": "plan", "title": "Plan", "tasks": [task("pending")] * count} | fields


def container(*children: Json) -> Json:
    return {"type": "container", "title": plain("Box"), "child_blocks": list(children)}


def cells(count: int, text: str = "x", kind: str = "raw_text") -> list[Json]:
    return [{"type": kind, "text": text}] * count


def table(rows: int, columns: int, text: str = "x") -> Json:
    return {"type": "table", "rows": [cells(columns, text)] * rows}


def data_table(rows: int, columns: int = 2, **fields: Any) -> Json:
    return {"type": "data_table", "caption": "Jobs", "rows": [cells(columns)] * rows} | fields


def pie(count: int, title: str = "Jobs", label: str = "x", value: float = 1) -> Json:
    segments = [{"label": label, "value": value}] * count
    return {"type": "data_visualization", "title": title, "chart": {"type": "pie", "segments": segments}}


def bars(series: int, points: int, *, name: str = "series {}", categories: int | None = None) -> Json:
    data = [{"label": f"label {number}", "value": 1} for number in range(points)]
    labels = [f"label {number}" for number in range(points if categories is None else categories)]
    chart = {
        "type": "bar",
        "series": [{"name": name.format(number), "data": data} for number in range(series)],
        "axis_config": {"categories": labels},
    }
    return {"type": "data_visualization", "title": "t", "chart": chart}


def without_axes(chart: Json) -> Json:
    return chart | {"chart": {name: part for name, part in chart["chart"].items() if name != "axis_config"}}


def labelled(text: str) -> Json:
    return WORDS | {"label": plain(text)}


FEEDBACK = {"text": plain("Good"), "value": "good"}
CONTEXT_BUTTON = {
    "type": "feedback_buttons",
    "positive_button": FEEDBACK,
    "negative_button": FEEDBACK | {"text": plain("Bad")},
}
TEXT = {"type": "text", "text": "x"}
HERE = {"type": "broadcast", "range": "here"}


def feedback(count: int) -> Json:
    return {"type": "context_actions", "elements": [CONTEXT_BUTTON] * count}


CLASSIC = [
    Rule("A section's text has at most 3,000 characters", f"{BLOCKS}/section-block",
         section("x" * 3000), section("x" * 3001), "less than 3001"),
    Rule("A text is never empty", f"{OBJECTS}/text-object",
         section("x"), section(""), "more than 0"),
    Rule("A section has at most 10 fields", f"{BLOCKS}/section-block",
         {"type": "section", "fields": [plain("x")] * 10}, {"type": "section", "fields": [plain("x")] * 11},
         "no more than 10"),
    Rule("A section's field has at most 2,000 characters", f"{BLOCKS}/section-block",
         {"type": "section", "fields": [plain("x" * 2000)]},
         {"type": "section", "fields": [plain("x" * 2001)]}, "less than 2001"),
    Rule("A block id has at most 255 characters", f"{BLOCKS}/section-block",
         section() | {"block_id": "b" * 255}, section() | {"block_id": "b" * 256}, "less than 256"),
    Rule("A row of actions has at most 25 elements", f"{BLOCKS}/actions-block",
         actions(*(BUTTON | {"action_id": str(n)} for n in range(25))),
         actions(*(BUTTON | {"action_id": str(n)} for n in range(26))), "no more than 25"),
    Rule("An action id is unique in its block", f"{BLOCKS}/actions-block",
         actions(BUTTON, BUTTON | {"action_id": "other"}), actions(BUTTON, BUTTON), "already exists"),
    Rule("A context has at most 10 elements", f"{BLOCKS}/context-block",
         context(10), context(11), "no more than 10"),
    Rule("A header has at most 150 characters", f"{BLOCKS}/header-block",
         header("x" * 150), header("x" * 151), "less than 151"),
    Rule("A header is plain text", f"{BLOCKS}/header-block",
         header("x"), {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
         "unsupported type: mrkdwn"),
    Rule("A header's level is 1 to 4", f"{BLOCKS}/header-block",
         header("x", level=4), header("x", level=5), "between 1 and 4"),
    Rule("An image's address has at most 3,000 characters", f"{BLOCKS}/image-block",
         image(image_url="https://" + "x" * 2992), image(image_url="https://" + "x" * 2993),
         "less than 3001"),
    Rule("An image's alternative text has at most 2,000 characters, and is needed", f"{BLOCKS}/image-block",
         image(alt_text="x" * 2000), image(alt_text="x" * 2001), "less than 2001"),
    Rule("An image's title has at most 2,000 characters", f"{BLOCKS}/image-block",
         image(title=plain("x" * 2000)), image(title=plain("x" * 2001)), "less than 2001"),
    Rule("An input's label has at most 2,000 characters", f"{BLOCKS}/input-block",
         labelled("x" * 2000), labelled("x" * 2001), "less than 2001"),
    Rule("A button's text has at most 75 characters", f"{ELEMENTS}/button-element",
         button(text=plain("x" * 75)), button(text=plain("x" * 76)), "less than 76"),
    Rule("A button's value has at most 2,000 characters", f"{ELEMENTS}/button-element",
         button(value="x" * 2000), button(value="x" * 2001), "less than 2001"),
    Rule("A button's address has at most 3,000 characters", f"{ELEMENTS}/button-element",
         button(url="x" * 3000), button(url="x" * 3001), "less than 3001"),
    Rule("An action id has at most 255 characters", f"{ELEMENTS}/button-element",
         button(action_id="x" * 255), button(action_id="x" * 256), "less than 256"),
    Rule("A button's style is primary or danger", f"{ELEMENTS}/button-element",
         button(style="danger"), button(style="pretty"), "one of: primary, danger"),
    Rule("An option's text has at most 75 characters", f"{OBJECTS}/option-object",
         actions({"type": "overflow", "options": [option("x" * 75)]}),
         actions({"type": "overflow", "options": [option("x" * 76)]}), "less than 76"),
    Rule("An option's value has at most 150 characters", f"{OBJECTS}/option-object",
         actions({"type": "overflow", "options": [option(value="x" * 150)]}),
         actions({"type": "overflow", "options": [option(value="x" * 151)]}), "less than 151"),
    Rule("A menu offers at most 100 options", f"{ELEMENTS}/select-menu-element",
         menu(100), menu(101), "no more than 100"),
    Rule("An overflow menu offers at most 5 options", f"{ELEMENTS}/overflow-menu-element",
         overflow(5), overflow(6), "no more than 5"),
    Rule("A confirm dialog's title has at most 100 characters", f"{OBJECTS}/confirmation-dialog-object",
         confirm(title=plain("x" * 100)), confirm(title=plain("x" * 101)), "less than 101"),
    Rule("A confirm dialog's text has at most 300 characters", f"{OBJECTS}/confirmation-dialog-object",
         confirm(text=plain("x" * 300)), confirm(text=plain("x" * 301)), "less than 301"),
    Rule("A confirm dialog's buttons have at most 30 characters", f"{OBJECTS}/confirmation-dialog-object",
         confirm(deny=plain("x" * 30)), confirm(deny=plain("x" * 31)), "less than 31"),
    Rule("A menu has options or groups of them, not both", f"{ELEMENTS}/select-menu-element",
         menu(1), actions({"type": "static_select"}), "exactly one of options and option_groups"),
    Rule("A menu's initial option is one of its options", f"{ELEMENTS}/select-menu-element",
         actions({"type": "static_select", "options": [option()], "initial_option": option()}),
         actions({"type": "static_select", "options": [option()], "initial_option": option(value="2")}),
         "initial_option must be one of"),
    Rule("A menu's group has a label of at most 75 characters", f"{OBJECTS}/option-group-object",
         actions({"type": "static_select", "option_groups": [group("x" * 75)]}),
         actions({"type": "static_select", "option_groups": [group("x" * 76)]}), "less than 76"),
    Rule("Only the options of an overflow menu open addresses", f"{OBJECTS}/option-object",
         actions({"type": "overflow", "options": [option() | {"url": "https://example.org"}]}),
         actions({"type": "static_select", "options": [option() | {"url": "https://example.org"}]}),
         "invalid additional property: url"),
    Rule("There are at most 10 checkboxes", f"{ELEMENTS}/checkboxes-element",
         actions({"type": "checkboxes", "options": [option(value=str(n)) for n in range(10)]}),
         actions({"type": "checkboxes", "options": [option(value=str(n)) for n in range(11)]}),
         "no more than 10"),
    Rule("A placeholder has at most 150 characters", f"{ELEMENTS}/select-menu-element",
         actions({"type": "users_select", "placeholder": plain("x" * 150)}),
         actions({"type": "users_select", "placeholder": plain("x" * 151)}), "less than 151"),
    Rule("Only mrkdwn can be verbatim, only plain text has emoji", f"{OBJECTS}/text-object",
         section(verbatim=True), section(emoji=True), "invalid additional property: emoji"),
    Rule("A date is written as a date", f"{ELEMENTS}/date-picker-element",
         actions({"type": "datepicker", "initial_date": "2026-11-22"}),
         actions({"type": "datepicker", "initial_date": "22.11.2026"}), "right format"),
]  # fmt: skip
NEWER = [
    Rule("Rich text consists of sections, lists, quotes and preformatted parts", f"{BLOCKS}/rich-text-block",
         rich(TEXT, part="rich_text_quote"), rich(TEXT, part="rich_text_poem"),
         "unsupported type: rich_text_poem"),
    Rule("A rich text list consists of sections", f"{BLOCKS}/rich-text-block",
         rich({"type": "rich_text_section", "elements": [TEXT]}, part="rich_text_list", style="bullet"),
         rich(TEXT, part="rich_text_list", style="bullet"), "unsupported type: text"),
    Rule("A preformatted part holds text and links only", f"{BLOCKS}/rich-text-block",
         rich(TEXT, part="rich_text_preformatted"), rich(HERE, part="rich_text_preformatted"),
         "unsupported type: broadcast"),
    Rule("A markdown block has at most 12,000 characters", f"{BLOCKS}/markdown-block",
         markdown("x" * 12_000), markdown("x" * 12_001), "less than 12001"),
    Rule("An alert stands in modals only", f"{BLOCKS}/alert-block",
         section(), alert(), "unsupported type: alert"),
    Rule("An alert has at most 200 characters", f"{BLOCKS}/alert-block",
         alert("x" * 200), alert("x" * 201), "less than 201", "modal"),
    Rule("An alert's level is default, info, warning, error or success", f"{BLOCKS}/alert-block",
         alert(level="success"), alert(level="fatal"), "must be one of", "modal"),
    Rule("A card's title has at most 150 characters", f"{BLOCKS}/card-block",
         card(title=plain("x" * 150)), card(title=plain("x" * 151)), "less than 151"),
    Rule("A card's body has at most 200 characters", f"{BLOCKS}/card-block",
         card(body=plain("x" * 200)), card(body=plain("x" * 201)), "less than 201"),
    Rule("A card's texts are text objects, never bare strings", f"{BLOCKS}/card-block",
         card(title=plain("x")), card(title="x"), "must be an object"),
    Rule("A card has at most 3 buttons", f"{BLOCKS}/card-block",
         card(actions=[BUTTON | {"action_id": str(n)} for n in range(3)]),
         card(actions=[BUTTON | {"action_id": str(n)} for n in range(4)]), "no more than 3"),
    Rule("A card shows an image, a title, a body or buttons", f"{BLOCKS}/card-block",
         card(title=plain("x")), card(subtitle=plain("x")), "one of hero_image, title, actions, body"),
    Rule("A carousel has 1 to 10 cards", f"{BLOCKS}/carousel-block",
         {"type": "carousel", "elements": [card(title=plain("x"))] * 10},
         {"type": "carousel", "elements": [card(title=plain("x"))] * 11}, "no more than 10"),
    Rule("A container has at most 10 children", f"{BLOCKS}/container-block",
         container(*[section()] * 10), container(*[section()] * 11), "no more than 10"),
    Rule("A container holds the older blocks and tables, no containers", f"{BLOCKS}/container-block",
         container(table(1, 1)), container(container(section())), "unsupported type: container"),
    Rule("A task by itself cannot be pending", f"{BLOCKS}/task-card-block",
         task("in_progress"), task("pending"), "must be one of"),
    Rule("A plan has at most 50 tasks", f"{BLOCKS}/plan-block", plan(50), plan(51), "no more than 50"),
    Rule("A plan's title is a bare string", f"{BLOCKS}/plan-block",
         plan(1), plan(1, title=plain("Plan")), "must be a string"),
    Rule("A row of feedback has at most 5 elements", f"{BLOCKS}/context-actions-block",
         feedback(5), feedback(6), "no more than 5"),
    Rule("A table has at most 100 rows", f"{BLOCKS}/table-block",
         table(100, 1), table(101, 1), "no more than 100"),
    Rule("A table has at most 20 columns", f"{BLOCKS}/table-block",
         table(1, 20), table(1, 21), "no more than 20"),
    Rule("A table has at most 10,000 characters", f"{BLOCKS}/table-block",
         table(10, 10, "x" * 100), table(10, 10, "x" * 101), "less than 10001"),
    Rule("A data table has a header and at most 200 rows", f"{BLOCKS}/data-table-block",
         data_table(201), data_table(202), "no more than 201"),
    Rule("A data table has at least one row beside its header", f"{BLOCKS}/data-table-block",
         data_table(2), data_table(1), "no fewer than 2"),
    Rule("A data table has at most 20 columns", f"{BLOCKS}/data-table-block",
         data_table(2, 20), data_table(2, 21), "no more than 20"),
    Rule("A data table's rows are of one length", f"{BLOCKS}/data-table-block",
         data_table(2), data_table(2) | {"rows": [cells(2), cells(3)]}, "same number of cells"),
    Rule("A data table's page has 1 to 100 rows", f"{BLOCKS}/data-table-block",
         data_table(2, page_size=100), data_table(2, page_size=101), "between 1 and 100"),
    Rule("A data table's header holds no rich text", f"{BLOCKS}/data-table-block",
         data_table(2), data_table(2) | {"rows": [[rich(TEXT)], [rich(TEXT)]]},
         "unsupported type: rich_text"),
    Rule("A pie has 1 to 12 segments", f"{BLOCKS}/data-visualization-block",
         pie(12), pie(13), "no more than 12"),
    Rule("A chart's title has at most 50 characters", f"{BLOCKS}/data-visualization-block",
         pie(1, "x" * 50), pie(1, "x" * 51), "less than 51"),
    Rule("A chart's label has at most 20 characters", f"{BLOCKS}/data-visualization-block",
         pie(1, label="x" * 20), pie(1, label="x" * 21), "less than 21"),
    Rule("Bars, lines and areas have at most 12 series", f"{BLOCKS}/data-visualization-block",
         bars(12, 1), bars(13, 1), "no more than 12"),
    Rule("A pie's segments are greater than 0", f"{BLOCKS}/data-visualization-block",
         pie(1, value=0.5), pie(1, value=0), "greater than 0"),
    Rule("Bars, lines and areas need their axes", f"{BLOCKS}/data-visualization-block",
         bars(1, 1), without_axes(bars(1, 1)), "axis_config"),
    Rule("A series has a point for each category", f"{BLOCKS}/data-visualization-block",
         bars(1, 2), bars(1, 2, categories=3), "categories of axis_config"),
    Rule("The names of series are unique", f"{BLOCKS}/data-visualization-block",
         bars(2, 1), bars(2, 1, name="n"), "unique"),
    Rule("A series has at most 20 points", f"{BLOCKS}/data-visualization-block",
         bars(1, 20), bars(1, 21), "no more than 20"),
    Rule("A file block cannot be sent by an app", f"{BLOCKS}/file-block",
         section(), {"type": "file", "source": "remote", "external_id": "1"}, "unsupported type: file"),
    Rule("A video needs the scope links.embed:write, which this app lacks", f"{BLOCKS}/video-block",
         section(), {"type": "video", "alt_text": "x"}, "unsupported type: video"),
]  # fmt: skip
RULES = CLASSIC + NEWER
