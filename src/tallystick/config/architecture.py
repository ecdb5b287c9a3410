"""The table of rooms in ARCHITECTURE.md, made from the rooms' own words."""

from __future__ import annotations

import ast
import re

from tallystick.config.env import ROOT

SOURCE = ROOT / "src/tallystick"
ORDER = (
    "config",
    "testing",
    "staff",
    "pay",
    "hooks",
    "worker",
    "reports",
    "broadcasts",
    "payments",
    "invoices",
    "conversations",
    "ledger",
    "messages",
    "catalog",
    "texting",
    "customers",
    "sellers",
    "mailboxes",
    "gateways",
    "mail",
    "pdf",
    "sms",
    "base",
    "core",
)


def rooms_table() -> str:
    """Return the table, from the top of the house to the bottom."""
    lines = ["| room | purpose | may touch |", "| --- | --- | --- |"]
    for room in ORDER:
        doc = ast.get_docstring(ast.parse((SOURCE / room / "__init__.py").read_text())) or ""
        touch = re.search(r"^May touch: (.+)\.$", doc, re.MULTILINE)
        purpose = " ".join(doc.split("\n\n")[0].split())
        lines.append(f"| `{room}/` | {purpose} | {touch[1] if touch else ''} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(rooms_table())
