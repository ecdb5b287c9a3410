"""`./tally storm`: the proof that money moves exactly once, by hand with a seed, or at the size of every build."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module

os.environ["TALLYSTICK_MODE"] = "test"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.config.settings")
os.environ.setdefault("TALLYSTICK_DATA_DIR", f"/tmp/tally-storm-{os.getuid()}")

import django

django.setup()

from tests.storm.ground import own_database
from tests.storm.outcome import Outcome

Sizes = Mapping[str, int]
SMOKE = {"kills": 40, "crashes": 1, "charges": 200, "faults": 400, "steps": 2000, "repeats": 10}
CI = {"kills": 150, "crashes": 2, "charges": 800, "faults": 3000, "steps": 15_000, "repeats": 50}
FULL = {"kills": 1000, "crashes": 10, "charges": 5000, "faults": 20_000, "steps": 100_000, "repeats": 200}


def _piece(module: str, *names: str) -> Callable[[Sizes, int], Outcome]:
    def run(sizes: Sizes, seed: int) -> Outcome:
        found: Outcome = import_module(f"tests.storm.{module}").run(seed=seed, **{name: sizes[name] for name in names})
        return found

    return run


PIECES: Mapping[str, Callable[[Sizes, int], Outcome]] = {
    "races": _piece("races", "repeats"),
    "crash": _piece("crash"),
    "model": _piece("model.walk", "steps"),
    "faults": _piece("faults", "faults"),
    "mutants": _piece("mutants.runner"),
    "outage": _piece("outage"),
    "secrets": _piece("leaks"),
    "kill": _piece("kill.storm", "kills", "crashes", "charges"),
}
HAS_ITS_OWN_SERVER = {"kill", "mutants", "outage", "crash"}


def main(arguments: list[str]) -> int:
    """Run the pieces asked for, print a line for each, and fail if any found a violation."""
    parser = argparse.ArgumentParser(prog="./tally storm", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--ci", action="store_const", const=CI, dest="size", help="what every build runs: 15 minutes")
    size.add_argument("--full", action="store_const", const=FULL, dest="size", help="the whole proof: under an hour")
    parser.add_argument("--only", action="append", choices=list(PIECES), help="one piece; may be given again")
    parser.add_argument("--seed", type=int, default=None)
    for name in SMOKE:
        parser.add_argument(f"--{name}", type=int, default=None)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    sizes = {name: getattr(options, name) or (options.size or SMOKE)[name] for name in SMOKE}
    print(f"storm seed={seed}", flush=True)
    began, outcomes = time.monotonic(), []
    for name in options.only or list(PIECES):
        outcome = _run(name, sizes, seed)
        outcomes.append(outcome)
        print(outcome.line(), flush=True)
        for violation in outcome.violations[:20]:
            print(f"       {violation}", flush=True)
    bad = [each.piece for each in outcomes if not each.is_good]
    print(
        f"storm: {'FAILED ' + ', '.join(bad) if bad else 'money moved exactly once'} in {time.monotonic() - began:.0f} s"
    )
    return 1 if bad else 0


def _run(name: str, sizes: Sizes, seed: int) -> Outcome:
    if name in HAS_ITS_OWN_SERVER:
        return PIECES[name](sizes, seed)
    with own_database(name):
        return PIECES[name](sizes, seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
