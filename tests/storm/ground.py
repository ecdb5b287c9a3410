"""Ground of the storm's own: a database server whose folder this run made, and processes that hold the truth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from tallystick.base import http
from tallystick.testing.database import fresh_database, test_server


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """Yield the URL of a fresh, migrated database for this process and its children."""
    with test_server() as server:
        url = fresh_database(server, f"storm_{name}_{os.getpid()}")
        os.environ["DATABASE_URL"] = url
        try:
            yield url
        finally:
            let_go()


def let_go() -> None:
    """Close every connection, so that children begin with none of ours."""
    for connection in connections.all():
        connection.close()
    http.close()
