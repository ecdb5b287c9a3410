"""Peers live in venvs of their own under `var/`, filled from PyPI when first needed: none of them is a dependency."""

from __future__ import annotations

import subprocess
import sys

from tallystick.config.env import ROOT


class Unavailable(RuntimeError):
    """A peer can't be made to run here; the message says why."""


def venv(name: str, *packages: str) -> str:
    """Return the Python of `var/<name>`, made and filled on first use. Raises Unavailable."""
    folder = ROOT / "var" / name
    python, marker = folder / "bin" / "python", folder / "filled"
    if marker.exists() and marker.read_text().split() == list(packages):
        return str(python)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"{packages[0]} could not be installed: {done.stderr.strip()[-300:]}")
    marker.write_text(" ".join(packages))
    return str(python)
