# ruff: noqa: E402
"""A pytest plugin that takes one guard away: from the template's copy of the database, and from the code.

TALLYSTICK_MUTANT names it; without one nothing is taken, so that the same tests can be seen to pass.
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

from tallystick.testing import database, seed
from tests.storm.mutants.table import MUTANTS

mutant = {each.name: each for each in MUTANTS}.get(os.environ.get("TALLYSTICK_MUTANT", ""))


def _copy_without(server_url: str, name: str) -> str:
    url = seed.copy_template(server_url, name)
    if mutant and mutant.sql:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(mutant.sql)  # type: ignore[arg-type]
    return url


vars(database)["copy_template"] = _copy_without


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """The code is patched once all tests are collected."""
    if mutant and mutant.patch:
        mutant.patch()
    return (yield)
