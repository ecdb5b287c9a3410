"""A database for tests that is provably ours: its server's folder was made by this run, or its name carries our prefix."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tallystick.config.database import drop_database, embedded_server, ensure_database, migrate, point_django_at
from tallystick.testing.seed import copy_template, has_template, plant

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
        plant(folder / "pg")
        yield stack.enter_context(embedded_server(folder / "pg"))


def fresh_database(server_url: str, name: str) -> str:
    """Drop and make the database `PREFIX + name` with the schema of today, point Django at it, and return its URL."""
    database = PREFIX + name
    drop_database(server_url, database)
    if has_template(server_url):
        url = copy_template(server_url, database)
        point_django_at(url)
    else:
        url = ensure_database(server_url, database)
        point_django_at(url)
        migrate()
    return url
