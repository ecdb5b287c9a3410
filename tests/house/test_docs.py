"""What exists is written down, and what is written down exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tallystick.base.invariants import RULES
from tallystick.config.architecture import rooms_table
from tallystick.config.capabilities import capabilities_table
from tallystick.config.env import Environment
from tallystick.worker.switchboard import SWITCHBOARD
from tallystick.worker.timetable import TIMETABLE

ROOT = Path(__file__).parents[2]


def test_the_table_of_rooms_is_generated() -> None:
    assert rooms_table() in (ROOT / "ARCHITECTURE.md").read_text(), "python -m tallystick.config.architecture prints it"


def test_the_table_of_capabilities_is_generated() -> None:
    text = (ROOT / "docs/guide/gateways.md").read_text()
    assert capabilities_table() in text, "python -m tallystick.config.capabilities prints it"


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/guide/settings.md").read_text()
    names = [field.validation_alias or f"TALLYSTICK_{name}".upper() for name, field in Environment.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = (ROOT / "docs/dependencies.md").read_text()
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = [re.split(r"[\[~<>=]", each)[0] for each in wanted]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_fact_sweep_and_rule_is_documented() -> None:
    text = (ROOT / "docs/facts.md").read_text()
    assert [name for name in [*SWITCHBOARD, *TIMETABLE, *RULES] if f"`{name}`" not in text] == []


def test_every_requirement_of_this_release_is_covered() -> None:
    text = (ROOT / "docs/coverage.md").read_text()
    ids = [
        *(f"A{n}" for n in range(1, 19)),
        *(
            [
                "B6",
                "B7",
                "B8",
                "B16",
                "B18",
                "C1",
                "C2",
                "C3",
                "C5",
                "C6",
                "C7",
                "C10",
                "C12",
                "C13",
                "C14",
                "C15",
                "C16",
                "C17",
                "C20",
            ]
        ),
        *(
            [
                "D2",
                "D3",
                "D4",
                "D5",
                "D6",
                "D7",
                "D8",
                "D10",
                "D16",
                "D18",
                "D19",
                "E1",
                "E2",
                "E3",
                "E4",
                "E7",
                "E8",
                "E9",
                "E10",
                "E17",
                "E19",
                "E20",
                "F6",
                "F8",
            ]
        ),
    ]
    assert [name for name in ids if not re.search(rf"\| {name} \|", text)] == []


def test_the_lock_files_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / name).read_text()
