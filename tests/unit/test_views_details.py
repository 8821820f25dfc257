"""The Details modal: what its tabs say, what they offer, and that nothing foreign gets out of hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dojobbot.deeporigin import snapshot
from dojobbot.deeporigin.exchange import Answer
from dojobbot.deeporigin.replies import Reply
from dojobbot.domain import KnownJob, LogLine, Snapshot
from dojobbot.errors import MalformedReply
from dojobbot.slack.views import ids
from dojobbot.slack.views.details import Details, details, sentence, waiting
from dojobbot.slack.views.documents import document
from tests.conftest import samples
from tests.cost import cost
from tests.unit.slack_budgets import view_problems
from tests.unit.view_strategies import HOSTILE, NOW, actions, moments, words

ID = "9e9eb45e-93a6-4000-8000-000000000001"
INPUTS = {"protein": {"$provider": "ufa", "key": "kras.pdb"}, "smiles_list": ["CCO"] * 900}
QUOTE = {"successfulQuotations": [{"itemCode": "DOCK-001", "qty": 8, "priceEach": 1.25, "priceTotal": 10.0}]}


def read(**fields: Any) -> Snapshot:
    raw = {"executionId": ID, "status": "Running", "name": "KRAS screen", **fields}
    return snapshot.read(Answer(NOW, Reply(200, {}, json.dumps(raw).encode())))


def view(tab: str, found: Snapshot | None = None, **more: Any) -> dict[str, Any]:
    found = found or read()
    known = KnownJob(job=found.job, seq=3, read_at=NOW)
    shown = Details(known=known, owner="Ada Osei", now=NOW, tab=tab, snapshot=found)
    drawn: dict[str, Any] = details(replace(shown, **more))
    assert view_problems(drawn) == []
    return drawn


def said(drawn: dict[str, Any]) -> str:
    """All its text, buttons apart."""
    parts: list[str] = []
    for block in drawn["blocks"]:
        if block["type"] == "section":
            parts.append(block["text"]["text"])
        elif block["type"] == "context":
            parts += [each["text"] for each in block["elements"]]
        elif block["type"] == "rich_text":
            parts += [each["text"] for each in block["elements"][0]["elements"]]
    return "\n".join(parts)


def buttons(drawn: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = [block["elements"] for block in drawn["blocks"] if block["type"] == "actions"]
    return {each["text"]["text"]: each for row in rows for each in row}


def test_the_tabs_are_those_of_the_notebook_card_and_the_log() -> None:
    labels = list(buttons(view(ids.INPUTS)))
    assert labels == [
        *("Status", "Details", "▸ Inputs", "Outputs", "Billing", "Logs", "Raw progress"),
        "Refresh",
    ]


@pytest.mark.parametrize("tab", ids.TABS)
def test_every_button_says_what_it_does_with_which_tab_of_which_job(tab: str) -> None:
    drawn = buttons(view(tab))
    assert all(ids.decode(each["value"]) == ids.Value(ID, 3) for each in drawn.values())
    meant = [ids.IN_DETAILS[each["action_id"]] for each in drawn.values()]
    assert meant == [*((ids.SWITCH, each) for each in ids.TABS), (ids.RELOAD, tab)]
    assert [each["text"]["text"][0] for each in drawn.values() if each.get("style") == "primary"] == ["▸"]


def test_inputs_are_fields_first_then_json_and_cut_beside_the_whole_file() -> None:
    found = read(userInputs=INPUTS)
    drawn = view(ids.INPUTS, found)
    assert said(drawn).index("*protein*  kras.pdb") < said(drawn).index('"$provider"')
    assert "*smiles_list*  900 entries" in said(drawn)
    assert "The first 3,000 characters" in said(drawn)
    assert "Download as JSON" in buttons(drawn)
    file = document(ids.INPUTS, found.job, found, None)
    assert file is not None
    assert (file.filename, json.loads(file.content)) == ("9e9eb45e-inputs.json", INPUTS)


def test_a_downloaded_file_is_json_whatever_the_numbers() -> None:
    """`NaN` is Python's word, and other readers refuse it."""
    found = replace(read(), raw={"userInputs": {"rmsd": [float("nan"), 1.5]}})
    file = document(ids.INPUTS, found.job, found, None)
    assert file is not None
    assert json.loads(file.content, parse_constant=pytest.fail) == {"rmsd": [None, 1.5]}


class Counting(list[str]):
    """A list that knows how many of its entries somebody looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[str]:
        """Count on the way."""
        for each in super().__iter__():
            self.looked_at += 1
            yield each


def test_drawing_a_job_of_a_hundred_thousand_ligands_costs_what_is_shown() -> None:
    ligands = Counting(["CCO"] * 100_000)
    found = read()
    drawn = view(ids.INPUTS, replace(found, raw={**found.raw, "userInputs": {"smiles_list": ligands}}))
    assert "100,000 entries" in said(drawn)
    assert 0 < ligands.looked_at < 5_000


class CountingFields(dict[str, int]):
    """An object that knows how many of its fields somebody looked at."""

    looked_at = 0

    def items(self) -> Any:
        """Count on the way."""
        for each in super().items():
            self.looked_at += 1
            yield each


def test_drawing_inputs_of_many_thousand_fields_costs_what_is_shown_and_says_that_there_are_more() -> None:
    fields = CountingFields({f"k{number}": number for number in range(100_000)})
    drawn = view(ids.INPUTS, replace(read(), raw={"userInputs": fields}))
    assert "*k0*  0\n*k1*  1" in said(drawn)
    assert "These are the first 100 fields." in said(drawn)
    assert "Download as JSON" in buttons(drawn)
    assert 0 < fields.looked_at < 5_000


def test_a_quote_of_many_items_shows_the_first_and_counts_the_rest() -> None:
    rows = [{"itemCode": f"DOCK-{number}", "priceTotal": 1.0} for number in range(150)]
    drawn = said(view(ids.BILLING, read(quotationResult={"successfulQuotations": rows})))
    assert "DOCK-99 = $1.00" in drawn
    assert "... and 50 more items" in drawn


def test_inputs_inside_inputs_are_fields_of_their_own_two_levels_down() -> None:
    deep = {"solvation": {"steps": 1_250_000, "prod_md_options": {"dt": 0.004, "more": {"a": [1, 2]}}}}
    drawn = said(view(ids.INPUTS, read(userInputs={**deep, "protein": {"$provider": "ufa", "key": "a.pdb"}})))
    assert drawn.split("\n")[1:5] == [
        "*solvation.steps*  1250000",
        "*solvation.prod_md_options.dt*  0.004",
        '*solvation.prod_md_options.more*  {"a": [1, 2]}',
        "*protein*  a.pdb",
    ]


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        ('  {"cmd": "MD"}\n', "JSON"),
        ("[1]", "JSON"),
        ("ligand docked: {CCO}", "text"),
        ("[" + "1," * 5_000_000 + "1]", "JSON"),
    ],
)
def test_a_report_is_called_by_its_two_ends_however_long_it_is(report: str, kind: str) -> None:
    found = read(progressReport=report)
    assert f"Download as {kind}" in buttons(view(ids.PROGRESS, found))
    short = read(progressReport="[1, 1]")
    assert cost(lambda: view(ids.PROGRESS, found)) < 100 * cost(lambda: view(ids.PROGRESS, short))
    file = document(ids.PROGRESS, found.job, found, None)
    assert file is not None
    assert file.filename.endswith(".json" if kind == "JSON" else ".txt")


def test_details_show_times_in_the_readers_zone_and_metadata() -> None:
    text = said(view(ids.FIELDS, read(createdAt="2026-11-20T09:00:00Z", metadata={"protein_name": "brd"})))
    assert "*Created at*  <!date^1795165200^{date_short_pretty} {time}|20 Nov 2026, 09:00 UTC>" in text
    assert "*metadata: protein_name*  brd" in text


def test_a_bill_stands_beside_its_quote() -> None:
    billed = view(ids.BILLING, read(quotationResult=QUOTE, billingTransaction={"amount": 8.5, "id": "t-1"}))
    assert "*Quote*  $10.00\n*Billed*  $8.50\n*Difference*  -$1.50\n*billed: amount*  8.5" in said(billed)
    assert "DOCK-001 8 x $1.25 = $10.00" in said(billed)
    assert "reports no bill yet" in said(view(ids.BILLING, read(quotationResult=QUOTE)))
    assert "Nothing was quoted or billed" in said(view(ids.BILLING))


@pytest.mark.parametrize(
    ("bill", "told"),
    [
        ([{"amount": 12.5, "id": "t-1"}], "*Billed*  $12.50\n*billed: amount*  12.5\n*billed: id*  t-1"),
        (
            [{"amount": 12.5}, {"amount": -2.5}],
            "*Billed*  $10.00\n*billed: 1.amount*  12.5\n*billed: 2.amount*  -2.5",
        ),
        ([{"amount": 12.5}, {"id": "t-2"}], "*billed: 1.amount*  12.5\n*billed: 2.id*  t-2"),
        ("12.5 USD", "bill has an unknown form: the raw data has all of it"),
    ],
)
def test_a_bill_is_told_whatever_its_form(bill: object, told: str) -> None:
    """Nothing is said not to be there while its raw data stands below."""
    text = said(view(ids.BILLING, read(billingTransaction=bill)))
    assert told in text
    assert "12.5" in text
    assert "Nothing was" not in text
    assert ("*Billed*" in text) is ("*Billed*" in told)


def test_a_quotation_without_rows_is_no_nothing() -> None:
    text = said(view(ids.BILLING, read(quotationResult={"anyFailed": False})))
    assert "anyFailed" in text
    assert "Nothing was" not in text


def test_a_log_has_the_newest_line_first_with_sign_word_and_time() -> None:
    lines = (
        LogLine(message="OOMKilled\nworker 3", at=NOW, level="error"),
        LogLine(message="<!channel> ready", at=NOW - timedelta(days=3), level="info", tool_key="sysprep"),
        LogLine(message="odd", level="verbose"),
        LogLine(message="plain"),
    )
    drawn = view(ids.LOG, lines=lines)
    written = said(drawn).split("\n")[1:]
    moment = f"<!date^{int(NOW.timestamp())}^{{time_secs}}|09:31:00 UTC>"
    assert written[0] == f":x: *Error*  {moment}  OOMKilled worker 3"
    assert "{date_short_pretty} {time_secs}|17 Nov 2026" in written[1]
    assert written[1].endswith("&lt;!channel&gt; ready (sysprep)")
    assert written[2:4] == [":speech_balloon: *Verbose*  odd", ":speech_balloon: *Said*  plain"]
    assert "All 4 lines, the newest first" in said(drawn)
    assert "Download as text" in buttons(drawn)


def test_a_long_log_says_how_much_of_it_is_shown() -> None:
    lines = tuple(LogLine(message=f"line {number}", at=NOW) for number in range(212))
    assert "The newest 40 of 212 lines; *Download as text* has all" in said(view(ids.LOG, lines=lines))
    more = view(ids.LOG, lines=lines, log_complete=False)
    assert "The newest 40 of more than 212 lines; *Download as text* has more" in said(more)
    file = document(ids.LOG, read().job, None, lines)
    assert file is not None
    assert file.filename == "9e9eb45e-log.txt"
    assert file.text.splitlines()[211] == "2026-11-20T09:31:00Z  line 211"


def test_no_log_is_told_apart_from_one_that_could_not_be_read() -> None:
    assert "nothing in the log yet" in said(view(ids.LOG, lines=()))
    assert "no log of this job" in said(view(ids.LOG, read(status="Failed"), lines=()))
    assert "could not be read" in said(view(ids.LOG, lines=None))


def test_a_report_that_is_json_inside_is_offered_as_json() -> None:
    for report, button in (('{"cmd": "MD"}', "Download as JSON"), ("total = 3\n", "Download as text")):
        drawn = view(ids.PROGRESS, read(progressReport=report))
        assert button in buttons(drawn)
        assert report in said(drawn)
    assert "No progress reported yet" in said(view(ids.PROGRESS))


def test_without_an_answer_what_is_stored_is_shown_and_the_rest_explained() -> None:
    known = KnownJob(job=read().job, seq=3, read_at=NOW - timedelta(hours=1))
    for tab in ids.TABS:
        drawn = details(Details(known=known, owner="Ada", now=NOW, tab=tab, note="Deep Origin is away."))
        assert view_problems(drawn) == []
        assert "Deep Origin is away." in said(drawn)
        assert ("only while Deep Origin answers" in said(drawn)) == (
            tab in {ids.INPUTS, ids.OUTPUTS, ids.BILLING, ids.PROGRESS}
        )


def test_a_long_name_is_cut_in_the_heading_and_whole_below() -> None:
    name = "A rather long name of a series of compounds"
    for tab in (ids.STATUS, ids.INPUTS):
        drawn = view(tab, read(name=name))
        assert len(drawn["title"]["text"]) == 24
        assert f"*{name}*" in said(drawn)
    assert "*KRAS screen*" not in said(view(ids.INPUTS))


def test_what_stands_in_for_the_modal_keeps_its_limits() -> None:
    assert view_problems(waiting(ID)) == []
    assert view_problems(sentence("&amp;" * 2000)) == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(words, inner, max_size=12),
    max_leaves=25,
)
# A row of a log that says nothing is no line.
lines = st.lists(
    st.builds(
        LogLine,
        message=words.filter(str.strip),
        at=st.none() | moments,
        level=words,
        tool_key=st.none() | words,
    ),
    max_size=60,
).map(tuple)
KEYS = (
    *("name", "status", "statusReason", "tool", "metadata", "userInputs", "userOutputs", "progressReport"),
    *("quotationResult", "billingTransaction", "billing", "createdAt", "startedAt", "createdBy", "projectId"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    fields=st.dictionaries(st.sampled_from(KEYS), anything),
    found=lines,
    action=st.none() | actions,
    owner=words,
    blow_up=st.booleans(),
)
def test_whatever_a_job_holds_every_tab_can_be_shown(
    fields: dict[str, Any], found: tuple[LogLine, ...], action: Any, owner: str, blow_up: bool
) -> None:
    """Dropped keys, nulls, wrong types, huge and hostile strings: within the limits, and nobody is pinged."""
    if blow_up:
        fields = {key: [value] * 2000 if isinstance(value, str) else value for key, value in fields.items()}
    try:
        seen = read(**fields)
    except MalformedReply:
        return  # without a status it is no job
    for tab in ids.TABS:
        view(tab, seen, lines=found, action=action, owner=owner)
        file = document(tab, seen.job, seen, found)
        assert file is None or (file.content and file.filename.isascii())


@pytest.mark.parametrize("name", ["executions-shapes.json", "executions-recorded.json"])
def test_every_sample_can_be_shown(name: str) -> None:
    for row in samples(name):
        body = json.dumps(row.get("execution", row)).encode()
        seen = snapshot.read(Answer(NOW, Reply(200, {}, body)))
        for tab in ids.TABS:
            view(tab, seen)
