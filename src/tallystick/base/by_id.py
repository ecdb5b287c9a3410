"""One row by its id. The ORM would write the same statement anew each time, which costs it four times what the database
and the reading of the row cost; here it is written once per model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def find(model: type[Row], row_id: UUID | None, *, lock: bool = False, without: Sequence[str] = ()) -> Row | None:
    """Return a row that the transaction sees, or None. Inside `tenant.tx`.

    `lock`: FOR UPDATE, waiting for whoever has it. What is named in `without` is read only when it is asked for.
    """
    how = _reading(model, tuple(without))
    with connection.cursor() as cursor:
        cursor.execute(f"{how.select} FOR UPDATE" if lock else how.select, [row_id])
        values = cursor.fetchone()
    return model.from_db(connection.alias, how.names, how.read(values)) if values else None


def get(model: type[Row], row_id: UUID | None, *, lock: bool = False, without: Sequence[str] = ()) -> Row:
    """Return a row that must be there, as `find` does. Raises the model's DoesNotExist."""
    found = find(model, row_id, lock=lock, without=without)
    if found is None:
        raise model.DoesNotExist(f"{model.__name__} {row_id}")  # type: ignore[attr-defined]
    return found


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
def _reading(model: type[models.Model], without: tuple[str, ...]) -> _Reading:
    table = model._meta.db_table
    fields = [field for field in model._meta.concrete_fields if field.attname not in without]
    columns = [field.get_col(table) for field in fields]
    quoted = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    readers = [
        (place, (*connection.ops.get_db_converters(column), *column.get_db_converters(connection)), column)
        for place, column in enumerate(columns)
    ]
    return _Reading(
        select=f"SELECT {quoted} FROM {connection.ops.quote_name(table)} WHERE id = %s",
        names=tuple(field.attname for field in fields),
        readers=tuple(each for each in readers if each[1]),
    )
