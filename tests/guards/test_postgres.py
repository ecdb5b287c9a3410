"""The connection keeps what it prepared, whatever is rolled back, and heals when it is cut."""

from __future__ import annotations

import os
import socket

import pytest
from django.db import OperationalError, connection, transaction

from tallystick.base import tenant
from tallystick.testing.world import World

ASKED = "SELECT count(*) FROM customer WHERE name = %s"
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT count(*) FROM customer%%'"


class Refused(Exception):
    """A verb said no."""


def _ask(times: int) -> None:
    for _ in range(times):
        with connection.cursor() as cursor:
            cursor.execute(ASKED, ["Nora"])


def _is_prepared() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(PREPARED)
        return bool(cursor.fetchone()[0])


def test_a_refused_verb_leaves_what_is_prepared(world: World) -> None:
    with pytest.raises(Refused), tenant.tx(world.seller_id):
        _ask(8)
        raise Refused
    with tenant.tx(world.seller_id):
        assert _is_prepared()
        with pytest.raises(Refused), transaction.atomic():
            _ask(1)
            raise Refused
        assert _is_prepared()


def test_what_was_written_before_a_refusal_is_gone(world: World) -> None:
    def names() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM customer WHERE id = %s", [world.nora])
            return [row[0] for row in cursor.fetchall()]

    with tenant.tx(world.seller_id):
        before = names()
    with pytest.raises(Refused), tenant.tx(world.seller_id):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customer SET name = 'X' WHERE id = %s", [world.nora])
        raise Refused
    with tenant.tx(world.seller_id):
        with pytest.raises(Refused), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("UPDATE customer SET name = 'Y' WHERE id = %s", [world.nora])
            raise Refused
        assert names() == before


def test_a_connection_that_was_cut_says_so_and_is_made_anew(world: World) -> None:
    with pytest.raises(OperationalError), tenant.tx(world.seller_id):
        with socket.socket(fileno=os.dup(connection.connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)
        _ask(1)
    with tenant.tx(world.seller_id):
        _ask(1)
