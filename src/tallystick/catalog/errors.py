"""What can go wrong in the catalog, each with a stable code."""

from __future__ import annotations


class CatalogError(Exception):
    """A verb of this room refused. `code` is stable; doors say it in the reader's words."""

    code = "catalog"


class CodeTaken(CatalogError):
    """Another item has this code."""

    code = "code_taken"


class NoSuchItem(CatalogError):
    """There is no such item at this seller."""

    code = "no_such_item"


class NoSuchRate(CatalogError):
    """There is no such tax rate at this seller, or it is archived."""

    code = "no_such_rate"


class DefaultRate(CatalogError):
    """The rate new lines start with can't be archived; make another one the default first."""

    code = "default_rate"
