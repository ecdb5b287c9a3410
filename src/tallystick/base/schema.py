"""How a table says who owns its rows: pieces for a model's `Meta.constraints`.

Each is a real Django constraint, so `makemigrations` writes it and `tally check` sees when it is missing:
`RowSecurity` (the tenant policy), `SameSeller` (a foreign key that can't name another tenant's row), `Referable`
(the key such a foreign key needs), `AppendOnly`, `Audited`, and `Swept` (what a sweeper may see across tenants).
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.constraints import BaseConstraint

from tallystick.base.ids import new_id

OWN_ROWS = "seller_id = (SELECT nullif(current_setting('app.seller', true), '')::uuid)"


class TenantKey(models.ForeignKey):  # type: ignore[type-arg]
    """A reference to another row of the same seller. The database side is a `SameSeller` constraint."""

    def __init__(self, to: Any, **kwargs: Any) -> None:
        """Point at `to` ("room.Model") without a reverse accessor, a plain constraint or a cascade."""
        kwargs = {
            "on_delete": models.DO_NOTHING,
            "related_name": "+",
            "db_constraint": False,
            "db_index": False,
            **kwargs,
        }
        super().__init__(to, **kwargs)


class TenantModel(models.Model):
    """A row of one seller, with a UUIDv7 made beforehand."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    seller_id = models.UUIDField(editable=False)

    class Meta:
        """Not a table of its own."""

        abstract = True


class _Ddl(BaseConstraint):
    """A constraint that is plain DDL on one table; `{table}` is filled in."""

    create: ClassVar[str]
    remove: ClassVar[str]

    def values(self, model: type[models.Model]) -> dict[str, str]:
        """Return what the DDL's placeholders stand for."""
        return {"table": f'"{model._meta.db_table}"', "name": self.name}

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that puts the rule in force."""
        return self.create.format(**self.values(cast(type[models.Model], model)))

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that lifts the rule."""
        return self.remove.format(**self.values(cast(type[models.Model], model)))

    def constraint_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """Defer to after CREATE TABLE: none of these can stand inside it."""
        if schema_editor is not None and (sql := self.create_sql(model, schema_editor)):
            schema_editor.deferred_sql.append(sql)
        return None

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave the judging to the database."""

    def __eq__(self, other: object) -> bool:
        """Equal when they would be written the same way in a migration."""
        return isinstance(other, _Ddl) and self.deconstruct() == other.deconstruct()

    __hash__ = BaseConstraint.__hash__


class RowSecurity(_Ddl):
    """Row-level security, forced on the owner too: only the current seller's rows exist.

    `column` is the seller's id on tables that have no `seller_id` of their own (the seller itself).
    """

    create = (
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY; "
        "CREATE POLICY own_rows ON {table} USING ({own}) WITH CHECK ({own})"
    )
    remove = "DROP POLICY own_rows ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"

    def __init__(self, *, name: str, column: str = "seller_id") -> None:
        """Name the rule and the column that holds the seller's id."""
        super().__init__(name=name)
        self.column = column

    def deconstruct(self) -> Any:
        """Say how to write this in a migration."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "column": self.column}

    def values(self, model: type[models.Model]) -> dict[str, str]:
        """Add the policy's condition."""
        return {**super().values(model), "own": OWN_ROWS.replace("seller_id", self.column, 1)}


class SameSeller(_Ddl):
    """A composite foreign key `(seller_id, column)`: a plain one accepts another tenant's row, as FK checks skip RLS."""

    create = (
        "ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (seller_id, {column}) "
        "REFERENCES {target} (seller_id, id) ON DELETE {on_delete} DEFERRABLE INITIALLY {initially}"
    )
    remove = "ALTER TABLE {table} DROP CONSTRAINT {name}"

    def __init__(
        self, *, name: str, column: str, target: str, on_delete: str = "NO ACTION", initially: str = "IMMEDIATE"
    ) -> None:
        """Tie `column` to the table `target`; `initially` DEFERRED lets parts be written before their whole."""
        super().__init__(name=name)
        self.column, self.target, self.on_delete, self.initially = column, target, on_delete, initially

    def deconstruct(self) -> Any:
        """Say how to write this in a migration."""
        path, args, kwargs = super().deconstruct()
        own = {n: getattr(self, n) for n in ("column", "target", "on_delete", "initially")}
        return path, args, {**kwargs, **own}

    def values(self, model: type[models.Model]) -> dict[str, str]:
        """Add the columns and the target."""
        own = {n: getattr(self, n) for n in ("column", "target", "on_delete", "initially")}
        return {**super().values(model), **own}


class AppendOnly(_Ddl):
    """Rows are never changed, removed or swept away; corrections are new rows."""

    create = (
        "REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, tallystick_app; "
        "CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    remove = "DROP TRIGGER {name} ON {table}"


class Audited(_Ddl):
    """Each change of a row is kept with its old and new values and the person behind it."""

    create = (
        "CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION record_audit()"
    )
    remove = "DROP TRIGGER {name} ON {table}"


class Swept(_Ddl):
    """A sweeper may list these rows across sellers, ids only, through a `due_*` function."""

    create = "CREATE POLICY sweeper ON {table} FOR SELECT TO tallystick_sweep USING (true); GRANT SELECT ON {table} TO tallystick_sweep"
    remove = "DROP POLICY sweeper ON {table}; REVOKE SELECT ON {table} FROM tallystick_sweep"


def referable(table: str) -> models.UniqueConstraint:
    """Return the key `(seller_id, id)` that `SameSeller` constraints point at."""
    return models.UniqueConstraint(fields=["seller_id", "id"], name=f"{table}_of_seller")


def same_seller(table: str, column: str, target: str, **kwargs: str) -> SameSeller:
    """Return the composite foreign key from `table.column` to `target`, named after both."""
    return SameSeller(name=f"{table}_{column.removesuffix('_id')}_fk", column=column, target=target, **kwargs)
