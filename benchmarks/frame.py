"""How fast and how large is `get_dataframe`, beside the official client's dataframe and the floor?

`python benchmarks/frame.py` fetches 1,000, 10,000 and 100,000 jobs, each contender in a fresh process, in
turns, in one run. The peer is `deeporigin==4.5.2` (`JobList.list().to_dataframe()`) in a virtual environment
of its own, made once in the user's cache folder. The floor fetches the same pages, decodes them with
`json.loads` and forgets them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

HERE = Path(__file__).resolve().parent
PEER = "4.5.2"
NEEDED_BY_PEER = (f"deeporigin[core]=={PEER}", "ipython")
CONTENDERS = ("floor", "ours", "peer")
SIZES = (1_000, 10_000, 100_000)
LARGE = 100_000
FASTER_THAN_PEER, SHARE_OF_FLOOR, PEAK_MB = 6.0, 0.6, 240.0


@dataclass(frozen=True)
class Run:
    """One contender's run."""

    rows: int
    seconds: float
    cpu: float
    peak_mb: float


def peer_python() -> str:
    """Give the Python that has the peer, making its environment when it is not there yet."""
    folder = Path(platformdirs.user_cache_dir("dojobbot")) / f"bench-deeporigin-{PEER}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"making the peer's environment in {folder} (once) ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *NEEDED_BY_PEER], check=True)
        (folder / "ready").touch()
    return str(python)


@contextmanager
def platform(count: int) -> Iterator[tuple[str, str, str]]:
    """Serve that many jobs; gives address, organisation and token."""
    command = [sys.executable, str(HERE / "frame_platform.py"), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            where = json.loads(process.stdout.readline())
            yield where["base_url"], where["org"], where["token"]
        finally:
            process.kill()


def run(contender: str, python: str, where: tuple[str, str, str], home: str) -> Run:
    """Let a contender fetch everything once, without what its user has set up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DO_", "DEEPORIGIN_"))}
    command = [python, str(HERE / "frame_contender.py"), contender]
    done = subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        input=json.dumps(where),
        env={**kept, "HOME": home},
        cwd=home,
    )
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def measure(count: int, rounds: int, pythons: dict[str, str]) -> dict[str, list[Run]]:
    """Let the contenders run in turns; the first round only warms up."""
    runs: dict[str, list[Run]] = {name: [] for name in pythons}
    with platform(count) as where, tempfile.TemporaryDirectory(prefix="dojobbot-bench-") as home:
        for turn in range(rounds + 1):
            for name, python in pythons.items():
                found = run(name, python, where, home)
                assert found.rows == count, f"{name} found {found.rows} of {count} jobs"
                if turn:
                    runs[name].append(found)
    return runs


def report(count: int, runs: dict[str, list[Run]]) -> None:
    """Print one size."""
    wall = {name: statistics.median(each.seconds for each in of_one) for name, of_one in runs.items()}
    peak = {name: max(each.peak_mb for each in of_one) for name, of_one in runs.items()}
    print(f"\n{count:,} jobs")
    for name, of_one in runs.items():
        spread = ", ".join(f"{each.seconds:.2f}" for each in of_one)
        cpu = statistics.median(each.cpu for each in of_one)
        print(f"  {name:<6} {wall[name]:7.2f} s ({spread}), CPU {cpu:6.2f} s, peak {peak[name]:4.0f} MB")
    faster, share = wall["peer"] / wall["ours"], wall["ours"] / wall["floor"]
    print(f"  ours is {faster:.1f} times as fast as the peer, {share:.2f} of the floor")
    if count == LARGE:
        wanted = (
            (f"at least {FASTER_THAN_PEER:g} times as fast as the peer", faster >= FASTER_THAN_PEER),
            (f"at most {SHARE_OF_FLOOR:g} of the floor", share <= SHARE_OF_FLOOR),
            (f"at most {PEAK_MB:g} MB", peak["ours"] <= PEAK_MB),
        )
        for words, reached in wanted:
            print(f"  wanted {words}: {'reached' if reached else 'NOT REACHED'}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of jobs")
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds; the median counts")
    options = parser.parse_args()
    pythons = dict.fromkeys(CONTENDERS, sys.executable) | {"peer": peer_python()}
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, medians")
    for count in options.sizes:
        report(count, measure(count, options.rounds, pythons))


if __name__ == "__main__":
    main()
