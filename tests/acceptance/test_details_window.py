"""The Details window, used by people in the simulated workspace against the real process."""

from __future__ import annotations

import json
from pathlib import Path

from dojobbot.simulator.slack_api.world import ADA
from tests.acceptance.stage import DEADLINE, Stage, stage

INPUTS = {"protein": {"$provider": "ufa", "key": "kras.pdb"}, "smiles_list": ["CCO"] * 900}
TABS = {
    "switch_fields": ("*metadata: protein_name*  kras", "<!date^"),
    "switch_inputs": ("*protein*  kras.pdb", "The first 3,000 characters"),
    "switch_outputs": ("*data_file*  results.csv",),
    "switch_billing": ("*Quote*  $10.00", "*Billed*  $8.50", "*Difference*  -$1.50"),
    "switch_log": (":x: *Error*", "out of memory", "*Info*"),
    "switch_progress": ("total_num_ligands = 900",),
    "switch_status": ("by Ada Osei", "out of memory"),
}


async def test_details_opens_shows_every_tab_and_sends_files(tmp_path: Path) -> None:
    """From a failed job's card: each tab by its button, then the inputs as a file in the presser's DM."""
    async with stage(tmp_path) as set_up:
        await set_up.start()
        job_id = set_up.running_job(
            "KRAS screen",
            userInputs=INPUTS,
            userOutputs={"data_file": {"$provider": "ufa", "key": "results.csv"}},
            metadata={"protein_name": "kras"},
            progressReport="total_num_ligands = 900\n",
            quotationResult={"successfulQuotations": [{"itemCode": "DOCK-001", "priceTotal": 10.0}]},
            billingTransaction={"amount": 8.5},
        )
        set_up.world.change(job_id, status="Failed", statusReason="out of memory")
        await set_up.press(await set_up.card(job_id), "Details")
        await shows(set_up, "▸ Status", "out of memory")
        for control, words in TABS.items():
            await press(set_up, control)
            await shows(set_up, *words)
        await press(set_up, "switch_inputs")
        await shows(set_up, "Download as JSON")
        await press(set_up, "download_inputs")
        await shows(set_up, "I've sent you", "▸ Inputs")
        (message,) = set_up.slack.dms(ADA)
        file = set_up.slack.file(message["files"][0]["id"])
        assert file is not None
        assert (file.name, json.loads(file.content or b"")) == (f"{job_id[:8]}-inputs.json", INPUTS)
        assert not [line for line in set_up.said if "ERROR" in line or "WARNING" in line]


async def press(set_up: Stage, control: str) -> None:
    await set_up.slack.press_in_view(ADA, set_up.slack.modals(ADA)[-1].id, control)


async def shows(set_up: Stage, *words: str) -> None:
    """Wait until the window shows all these words."""

    def look() -> bool:
        modals = set_up.slack.modals(ADA)
        return bool(modals) and all(word in str(modals[-1].content["blocks"]) for word in words)

    try:
        await set_up.slack.wait_for(look, DEADLINE)
    except TimeoutError:
        shown = [view.content["blocks"] for view in set_up.slack.modals(ADA)]
        raise AssertionError("\n".join([f"not shown: {words}", *map(str, shown), *set_up.said])) from None
