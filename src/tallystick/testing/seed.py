"""A migrated database, made once and copied by every test server: migrating takes seconds, copying a folder does not."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from tallystick.config.database import embedded_server, ensure_database, migrate, point_django_at
from tallystick.config.env import ROOT

TEMPLATE = "tally_test_template"
SETTINGS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200")
"""For servers whose data nobody misses; they hold from the next start."""


def plant(folder: Path) -> None:
    """Fill an empty place for a server's data with a stopped server that has the template in it."""
    seed = _folder() / _fingerprint()
    seed.parent.mkdir(parents=True, exist_ok=True)
    with (seed.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not seed.exists():
            for old in seed.parent.glob("[0-9a-f]*"):
                shutil.rmtree(old)
            _grow(seed)
        _copy(seed, folder)


def copy_template(server_url: str, name: str) -> str:
    """Create the database `name` as a copy of the template, and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    return psycopg.conninfo.make_conninfo(server_url, dbname=name)


def has_template(server_url: str) -> bool:
    """Whether that server grew from a seed."""
    with psycopg.connect(server_url) as connection:
        return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone())


def _grow(seed: Path) -> None:
    """Migrate in a process of its own, so that nothing of it stays open here."""
    with tempfile.TemporaryDirectory(prefix="tally-seed-", dir="/tmp") as folder:
        place = Path(folder) / "pg"
        subprocess.run([sys.executable, "-m", "tallystick.testing.seed", str(place)], check=True)
        _copy(place, seed)


def _copy(source: Path, target: Path) -> None:
    """Copy a stopped server with its owner and rights, whole or not at all."""
    unfinished = target.with_name(f"unfinished-{target.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(unfinished)], check=True)  # noqa: S607
    for leftover in (".handle_pids.json", "log", "postmaster.pid"):
        (unfinished / leftover).unlink(missing_ok=True)
    unfinished.rename(target)


def _folder() -> Path:
    return Path(os.environ["TALLYSTICK_DATA_DIR"]) / "seeds"


def _fingerprint() -> str:
    """Of everything the schema comes from: our migrations and what they call, and the packages with theirs."""
    source = ROOT / "src" / "tallystick"
    files = [*source.glob("*/migrations/*.py"), *(source / "base").glob("*.py"), *(source / "core").glob("*.py")]
    files += [source / "config" / "database.py", Path(__file__), ROOT / "requirements.lock"]
    told = hashlib.sha256()
    for file in sorted(files):
        told.update(file.read_bytes())
    return told.hexdigest()[:16]


def main(folder: Path) -> None:
    """Make a server in `folder`, and migrate the template there."""
    with embedded_server(folder) as url, psycopg.connect(url, autocommit=True) as connection:
        for setting in SETTINGS:
            connection.execute(f"ALTER SYSTEM SET {setting}")
    with embedded_server(folder) as url:
        point_django_at(ensure_database(url, TEMPLATE))
        migrate()


if __name__ == "__main__":
    import django

    django.setup()
    main(Path(sys.argv[1]))
