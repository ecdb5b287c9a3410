"""Functions of the database that may look across sellers, and return ids only.

They run as `tallystick_sweep`, a role that owns nothing but the right to read the swept columns; everything else goes
through `tenant.tx`. Written in migrations with `define`.
"""

from __future__ import annotations

from django.db import migrations


def define(name: str, arguments: str, returns: str, body: str) -> migrations.RunSQL:
    """Return the migration operation for one SECURITY DEFINER function, callable by the application only.

    Its plan is made once: the index in the order of the sweep is right however many rows lie ahead, and planning anew
    each time costs more than the sweep.
    """
    types = ", ".join(argument.strip().split(" ", 1)[1] for argument in arguments.split(",") if argument.strip())
    return migrations.RunSQL(
        f"CREATE FUNCTION {name}({arguments}) RETURNS {returns} LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$ {body} $$; "
        f"ALTER FUNCTION {name}({types}) OWNER TO tallystick_sweep; "
        f"REVOKE ALL ON FUNCTION {name}({types}) FROM PUBLIC; "
        f"GRANT EXECUTE ON FUNCTION {name}({types}) TO tallystick_app",
        f"DROP FUNCTION {name}({types})",
    )


def define_sweep(name: str, table: str, waiting: str) -> migrations.RunSQL:
    """Return a `due_*` function: the oldest due rows of a table as (seller_id, id), at most `most`, of one seller or all.

    Its arguments go by number: where a column has an argument's name, the name means the column.
    """
    return define(
        name,
        "at timestamptz, most integer, only_seller uuid",
        "TABLE (seller_id uuid, id uuid)",
        f"SELECT t.seller_id, t.id FROM {table} t WHERE {waiting} AND t.due_at <= $1 "
        "AND ($3 IS NULL OR t.seller_id = $3) ORDER BY t.due_at, t.id LIMIT $2",
    )
