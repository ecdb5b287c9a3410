"""One database server for the run, one database per worker, a seller per test, and invariants after each."""

from __future__ import annotations

import os

os.environ["TALLYSTICK_MODE"] = "test"
os.environ["PYTHONPATH"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "src")
# Playwright keeps an event loop in the thread of the browser tests, which Django would mistake for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.config.settings")
os.environ.setdefault("TALLYSTICK_DATA_DIR", os.path.join("/tmp", f"tally-test-{os.getuid()}"))  # noqa: S108

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import django

django.setup()

import pytest
from django.conf import settings
from django.db import connections

from tallystick.base import http
from tallystick.base.invariants import broken_rules
from tallystick.config.static import build_bundles
from tallystick.config.translations import compile_catalogs
from tallystick.testing.database import fresh_database, test_server
from tallystick.testing.world import World, make_world


def pytest_configure(config: pytest.Config) -> None:
    """Start the server in the process that hands out the tests; workers join it."""
    compile_catalogs()
    if not hasattr(config, "workerinput"):
        build_bundles(Path(settings.BUNDLES_DIR))
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of this process's database server."""
    with test_server() as url:
        yield url


@pytest.fixture(scope="session")
def database(database_server: str, worker_id: str) -> Iterator[str]:
    """A migrated database of this worker's own."""
    url = fresh_database(database_server, f"{worker_id}_{os.getpid()}")
    os.environ["DATABASE_URL"] = url
    yield url
    for connection in connections.all():
        connection.close()
    http.close()


@pytest.fixture
def new_world(database: str) -> Iterator[Callable[..., World]]:
    """Make worlds; when the test ends, every invariant must hold in each."""
    made: list[World] = []

    def make(**options: bool) -> World:
        made.append(make_world(**options))
        return made[-1]

    yield make
    for world in made:
        assert broken_rules(world.seller_id) == {}, json.dumps(broken_rules(world.seller_id))


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    """A seller with an admin, three customers and two tax rates."""
    return new_world()


@pytest.fixture
def outsider(new_world: Callable[..., World]) -> World:
    """Another seller, who must never see or touch the first one's rows."""
    return new_world()
