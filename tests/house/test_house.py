"""The house rules that ruff and import-linter cannot say.

Each rule is a function from one parsed file to the lines it objects to, and carries one sample it must refuse, so that a
rule that goes blind fails its own test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src/tallystick"
DOORS = {"staff", "pay", "hooks", "worker"}
WRITES = {"save", "delete", "create", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
BY_ID = re.compile(
    r"\w+\.objects\.(select_for_update\(\)\.)?(get\(id=[\w.]+\)|filter\(id=[\w.]+\)\.(select_for_update\(\)\.)?first\(\))"
)
JUNK_DRAWERS = {"util", "helper", "common", "misc", "shared", "manager", "handler"}


@dataclass(frozen=True)
class Source:
    """One file of the house, e.g. `invoices/issue.py`."""

    path: str
    text: str

    @property
    def room(self) -> str:
        return self.path.split("/")[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def is_test(self) -> bool:
        return "/tests/" in self.path or self.room == "testing"


Rule = Callable[[Source], Iterator[str]]
RULES: list[tuple[Rule, Source]] = []


def rule(path: str, refused: str) -> Callable[[Rule], Rule]:
    def add(fn: Rule) -> Rule:
        RULES.append((fn, Source(path, refused)))
        return fn

    return add


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name


@rule("invoices/issue.py", "def f():\n    from tallystick.ledger.post import post_entries\n")
def imports_stand_at_the_top(s: Source) -> Iterator[str]:
    """The command line is the exception: it may only import Django's rooms once Django is set up."""
    if s.path in {"config/cli.py", "testing/crash_flow.py"}:
        return
    for fn in ast.walk(s.tree):
        if isinstance(fn, ast.FunctionDef | ast.AsyncFunctionDef):
            for node, name in _imports(fn):
                yield f"line {node.lineno}: {name} imported inside {fn.name}"


@rule("payments/record.py", "from tallystick.invoices import _content\n")
def furniture_stays_in_its_room(s: Source) -> Iterator[str]:
    if s.is_test:
        return
    for node, name in _imports(s.tree):
        parts = name.split(".")
        if (
            parts[0] == "tallystick"
            and len(parts) > 2
            and parts[1] != s.room
            and any(p.startswith("_") for p in parts[2:])
        ):
            yield f"line {node.lineno}: {name} is private to {parts[1]}"


@rule(
    "payments/record.py",
    "from tallystick.invoices.models import Invoice\n\ndef f():\n    return Invoice.objects.get()\n",
)
@rule(
    "invoices/pay.py",
    "from tallystick.payments.models import Payment\n\ndef f(i):\n    return direct.get(Payment, i)\n",
)
def rows_are_asked_for_not_taken(s: Source) -> Iterator[str]:
    """A room may name another's row as a type; it may not query it."""
    if s.is_test or s.room == "config":
        return
    foreign = {
        name.split(".")[-1]
        for _, name in _imports(s.tree)
        if (parts := name.split("."))[0] == "tallystick"
        and len(parts) > 3
        and parts[2] == "models"
        and parts[1] != s.room
    }
    for node in ast.walk(s.tree):
        is_query = isinstance(node, ast.Attribute) and node.attr == "objects" and isinstance(node.value, ast.Name)
        if is_query and node.value.id in foreign:
            yield f"line {node.lineno}: {node.value.id}.objects: ask its room's queries"
        if _is_direct(node) and node.args and isinstance(node.args[0], ast.Name) and node.args[0].id in foreign:
            yield f"line {node.lineno}: direct read of {node.args[0].id}: ask its room's queries"


def _is_direct(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "direct"
    )


@rule("payments/record.py", "def f():\n    return Payment.objects.filter(id=payment_id).first()\n")
@rule("payments/record.py", "def f():\n    return Payment.objects.select_for_update().get(id=payment_id)\n")
def a_row_is_read_by_its_id_in_one_way(s: Source) -> Iterator[str]:
    if s.is_test:
        return
    for found in BY_ID.finditer(s.text):
        line = s.text.count("\n", 0, found.start()) + 1
        yield f"line {line}: {found[0]}: base.direct"


@rule("core/tax.py", "def tax(a):\n    return round(a * 0.21)\n")
def the_core_is_exact(s: Source) -> Iterator[str]:
    if s.room != "core" or s.is_test:
        return
    for node in ast.walk(s.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"line {node.lineno}: float literal"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"float", "round"}:
            yield f"line {node.lineno}: {node.func.id}(); use core.money"
        if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow"}:
            yield f"line {node.lineno}: the core is told the time, it does not ask"


@rule("invoices/issue.py", "from datetime import datetime\nnow = datetime.now()\n")
def there_is_one_clock(s: Source) -> Iterator[str]:
    """Rooms take `now` and `today` as arguments; doors and the worker ask `base.clock`."""
    if s.is_test or s.path == "base/clock.py" or s.room in {"config", "gateways", "mail"}:
        return
    for node in ast.walk(s.tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"now", "today", "utcnow"}
            and isinstance(node.value, ast.Name)
        ) and node.value.id in {"datetime", "date", "timezone"}:
            yield f"line {node.lineno}: {node.value.id}.{node.attr}: take it as an argument"


@rule("staff/views/invoices.py", "def v(request, invoice):\n    invoice.save()\n")
def doors_do_not_write(s: Source) -> Iterator[str]:
    if s.room not in DOORS or s.is_test:
        return
    for node in ast.walk(s.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            target = node.func.value
            if node.func.attr == "update" and isinstance(target, ast.Name):
                continue  # a dict or a hash; querysets are attributes or calls
            yield f"line {node.lineno}: .{node.func.attr}() in a door; call a verb"


@rule("invoices/issue.py", "from django.db.models.signals import post_save\n")
def nothing_happens_behind_your_back(s: Source) -> Iterator[str]:
    for node, name in _imports(s.tree):
        if "signals" in name.split(".") or name.endswith("dispatch.receiver"):
            yield f"line {node.lineno}: {name}; record a fact, wire it in worker/switchboard.py"


@rule("base/utils.py", "")
def no_junk_drawers(s: Source) -> Iterator[str]:
    if Path(s.path).stem.strip("_").rstrip("s") in JUNK_DRAWERS:
        yield "name the noun, not the drawer"


@rule(
    "payments/models.py",
    'from django.db import models\n\nclass A(models.Model):\n    a = models.ForeignKey("invoices.Invoice", 1)\n',
)
def rows_do_not_look_up(s: Source) -> Iterator[str]:
    """A foreign key hides its way back: related_name="+"; `TenantKey` does by itself."""
    for node in ast.walk(s.tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {
            "ForeignKey",
            "OneToOneField",
            "ManyToManyField",
        }:
            names = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
            if names.get("related_name") != "+":
                yield f'line {node.lineno}: needs related_name="+"'


@rule("invoices/issue.py", "def issue(*, seller_id): return 1\n")
def public_functions_say_what_they_do(s: Source) -> Iterator[str]:
    if s.is_test:
        return
    for node in s.tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ):
            yield f"line {node.lineno}: {node.name} has no docstring"


@rule("staff/forms/sms.py", "from django.utils.translation import gettext as _t\n")
def texts_are_found(s: Source) -> Iterator[str]:
    """What marks a text keeps its name, or is `_`: the catalog is made by looking for those."""
    for node in ast.walk(s.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            for alias in node.names:
                if alias.asname not in {None, "_"}:
                    yield f"line {node.lineno}: {alias.name} as {alias.asname}; its texts aren't found"


def _sources() -> list[Source]:
    return [
        Source(p.relative_to(ROOT).as_posix(), p.read_text())
        for p in sorted(ROOT.rglob("*.py"))
        if "migrations" not in p.parts
    ]


@pytest.mark.parametrize("fn", [fn for fn, _ in RULES], ids=lambda fn: fn.__name__)
def test_house(fn: Rule) -> None:
    assert [f"{s.path}: {why}" for s in _sources() for why in fn(s)] == []


@pytest.mark.parametrize(("fn", "refused"), RULES, ids=lambda x: getattr(x, "__name__", None))
def test_rule_can_still_see(fn: Rule, refused: Source) -> None:
    assert list(fn(refused))


ROOMS = sorted(p.name for p in ROOT.iterdir() if (p / "__init__.py").exists())


@pytest.mark.parametrize("room", ROOMS)
def test_room_says_what_it_is_for(room: str) -> None:
    text = (ROOT / room / "__init__.py").read_text()
    doc = ast.get_docstring(ast.parse(text)) or ""
    assert re.search(r"^May touch: .+\.$", doc, re.MULTILINE)
    assert len(ast.parse(text).body) == 1, "only a docstring"


@pytest.mark.parametrize(
    "room", [r for r in ROOMS if r not in {"config", "testing", "worker", "staff", "pay", "hooks", "reports"}]
)
def test_room_touches_only_what_it_says(room: str) -> None:
    said = re.search(r"^May touch: (.+)\.$", (ROOT / room / "__init__.py").read_text(), re.MULTILINE)
    assert said
    allowed = {name.strip() for name in said[1].split(",")} | {room}
    touched = {
        name.split(".")[1]
        for s in _sources()
        if s.room == room and not s.is_test
        for _, name in _imports(s.tree)
        if name.startswith("tallystick.")
    }
    assert touched <= allowed
