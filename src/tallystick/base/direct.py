"""One row, read by its id or by what it is told by, written, added. The ORM would compose the same statement anew each
time, which costs four times what the database and the reading of the row cost; here it is composed once per model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)
WAIT, SKIP = " FOR UPDATE", " FOR UPDATE SKIP LOCKED"


def find(model: type[Row], row_id: UUID | None, *, lock: bool = False, without: Sequence[str] = ()) -> Row | None:
    """Return a row that the transaction sees, or None. Inside `tenant.tx`.

    `lock`: FOR UPDATE, waiting for whoever has it. What is named in `without` is read only when it is asked for.
    """
    return _first(_reading(model, ("id",), tuple(without)), model, [row_id], WAIT if lock else "")


def get(model: type[Row], row_id: UUID | None, *, lock: bool = False, without: Sequence[str] = ()) -> Row:
    """Return a row that must be there, as `find` does. Raises the model's DoesNotExist."""
    found = find(model, row_id, lock=lock, without=without)
    if found is None:
        raise model.DoesNotExist(f"{model.__name__} {row_id}")  # type: ignore[attr-defined]
    return found


def claim(model: type[Row], row_id: UUID, **equal: Any) -> Row | None:
    """Return a row locked, or None where it isn't so any more or somebody else has it. Inside `tenant.tx`."""
    how = _reading(model, ("id", *equal), ())
    return _first(how, model, [row_id, *equal.values()], SKIP)


def find_by(model: type[Row], **equal: Any) -> Row | None:
    """Return the one row with these values, as `find` does; none of them may be None."""
    return _first(_reading(model, tuple(equal), ()), model, list(equal.values()))


def all_by(model: type[Row], **equal: Any) -> list[Row]:
    """Return all rows with these values, in no order; none of them may be None. Inside `tenant.tx`."""
    how = _reading(model, tuple(equal), ())
    with connection.cursor() as cursor:
        cursor.execute(how.select, list(equal.values()))
        return [model.from_db(connection.alias, how.names, how.read(values)) for values in cursor.fetchall()]


def write(row: models.Model, **values: object) -> None:
    """Set these values on a row, and write them. Inside `tenant.tx`."""
    for name, value in values.items():
        setattr(row, name, value)
    with connection.cursor() as cursor:
        cursor.execute(_update(type(row), tuple(values)), [*_written(row, tuple(values)), row.pk])


def add(row: models.Model) -> None:
    """Insert a row with all its values; what the database makes of them is read when it is asked for. Inside `tenant.tx`.

    Raises IntegrityError.
    """
    insert, names = _insert(type(row))
    with connection.cursor() as cursor:
        cursor.execute(insert, _written(row, names))
    row._state.adding, row._state.db = False, connection.alias


def _first(how: _Reading, model: type[Row], wanted: list[Any], lock: str = "") -> Row | None:
    with connection.cursor() as cursor:
        cursor.execute(how.select + lock, wanted)
        values = cursor.fetchone()
    return model.from_db(connection.alias, how.names, how.read(values)) if values else None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A model's statement, what its columns are called, and by place how values that need it are read."""

    select: str
    names: tuple[str, ...]
    readers: tuple[tuple[int, tuple[Callable[..., Any], ...], Any], ...]

    def read(self, values: Sequence[Any]) -> list[Any]:
        """Return the values as the ORM would."""
        row = list(values)
        for place, readers, column in self.readers:
            for reader in readers:
                row[place] = reader(row[place], column, connection)
        return row


@cache
def _reading(model: type[models.Model], by: tuple[str, ...], without: tuple[str, ...]) -> _Reading:
    fields = [field for field in _fields(model).values() if field.attname not in without]
    columns = [field.get_col(model._meta.db_table) for field in fields]
    readers = [
        (place, (*connection.ops.get_db_converters(column), *column.get_db_converters(connection)), column)
        for place, column in enumerate(columns)
    ]
    return _Reading(
        select=f"SELECT {', '.join(_quoted(field) for field in fields)} FROM {_table(model)} WHERE {_equal(model, by)}",
        names=tuple(field.attname for field in fields),
        readers=tuple(each for each in readers if each[1]),
    )


@cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> str:
    values = ", ".join(f"{_quoted(_fields(model)[name])} = %s" for name in names)
    return f"UPDATE {_table(model)} SET {values} WHERE id = %s"


@cache
def _insert(model: type[models.Model]) -> tuple[str, tuple[str, ...]]:
    fields = {name: field for name, field in _fields(model).items() if not field.generated}
    columns, places = ", ".join(_quoted(field) for field in fields.values()), ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {_table(model)} ({columns}) VALUES ({places})", tuple(fields)


def _written(row: models.Model, names: Sequence[str]) -> list[Any]:
    """Return the row's values as the ORM would write them."""
    fields = _fields(type(row))
    return [fields[name].get_db_prep_save(getattr(row, name), connection) for name in names]


def _equal(model: type[models.Model], names: Sequence[str]) -> str:
    return " AND ".join(f"{_quoted(_fields(model)[name])} = %s" for name in names)


@cache
def _fields(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {field.attname: field for field in model._meta.concrete_fields}


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: models.Field[Any, Any]) -> str:
    return connection.ops.quote_name(str(field.column))
