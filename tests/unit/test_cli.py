"""What the command line says about words that it cannot take."""

from __future__ import annotations

import pytest

from dojobbot.cli import main


@pytest.mark.parametrize("port", ["70000", "65536", "-5", "many", ""])
def test_a_port_that_is_none_is_refused_in_a_sentence(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is opened, and without a traceback."""
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--no-browser", f"--port={port}"])
    assert caught.value.code == 2
    assert (
        f"argument --port: {port!r} is no port: it takes a number from 0 to 65535" in capsys.readouterr().err
    )
