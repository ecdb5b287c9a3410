# ruff: noqa: E402
"""A pytest plugin that takes one guard away: from the template's copy of the database, and from the code.

TALLYSTICK_MUTANT names it; without one it only copies the template, so that the same tests can be seen to pass.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ["TALLYSTICK_MODE"] = "test"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.config.settings")

import django

django.setup()

import psycopg
import pytest
from psycopg import sql

from tallystick.testing import database
from tests.storm.mutants.table import MUTANTS

TEMPLATE = "tally_test_template"


def _copy(server_url: str, name: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    url = psycopg.conninfo.make_conninfo(server_url, dbname=name)
    if mutant and mutant.sql:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(mutant.sql)  # type: ignore[arg-type]
    return url


mutant = {each.name: each for each in MUTANTS}.get(os.environ.get("TALLYSTICK_MUTANT", ""))
vars(database)["ensure_database"] = _copy
vars(database)["migrate"] = lambda: None


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """The code is patched once all tests are collected."""
    if mutant and mutant.patch:
        mutant.patch()
    return (yield)
