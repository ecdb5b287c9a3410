"""A database for tests that is provably ours: its server's folder was made by this run, or its name carries our prefix."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from django.db import connections

from tallystick.config.database import drop_database, embedded_server, ensure_database, migrate

PREFIX = "tally_test_"


@contextmanager
def test_server() -> Iterator[str]:
    """Yield the URL of the server to test on: `TALLYSTICK_TEST_DATABASE_URL`, or an embedded one in a fresh folder."""
    given = os.environ.get("TALLYSTICK_TEST_DATABASE_URL", "")
    with ExitStack() as stack:
        if given:
            yield given
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tally-", dir="/tmp")))
        with embedded_server(folder / "pg") as url, psycopg.connect(url, autocommit=True) as connection:
            for setting in (
                "fsync = off",
                "synchronous_commit = off",
                "full_page_writes = off",
                "max_connections = 200",
            ):
                connection.execute(f"ALTER SYSTEM SET {setting}")
        # Some of these hold only from the next start.
        yield stack.enter_context(embedded_server(folder / "pg"))


def fresh_database(server_url: str, name: str) -> str:
    """Drop and make the database `PREFIX + name`, migrate it, point Django at it, and return its URL."""
    database = PREFIX + name
    drop_database(server_url, database)
    url = ensure_database(server_url, database)
    point_django_at(url)
    migrate()
    return url


def point_django_at(url: str) -> None:
    """Make Django's connections of this process use another database."""
    given = psycopg.conninfo.conninfo_to_dict(url)
    for alias in ("default", "owner"):
        connection = connections[alias]
        connection.close()
        names = {"NAME": "dbname", "HOST": "host", "USER": "user", "PASSWORD": "password", "PORT": "port"}
        connection.settings_dict.update({ours: str(given.get(theirs) or "") for ours, theirs in names.items()})
