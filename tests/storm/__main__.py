"""`./tally storm`: the proof that money moves exactly once, by hand with a seed, small or in full size."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

os.environ["TALLYSTICK_MODE"] = "test"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.config.settings")
os.environ.setdefault("TALLYSTICK_DATA_DIR", f"/tmp/tally-storm-{os.getuid()}")

import django

django.setup()

from tests.storm.ground import own_database
from tests.storm.outcome import Outcome

Sizes = Mapping[str, int]
ALL = 1000
"""More mutants than there are."""
SMOKE = {
    "kills": 40,
    "crashes": 1,
    "charges": 200,
    "faults": 400,
    "steps": 2000,
    "repeats": 10,
    "mutants": 10,
    "mails": 300,
}
FULL = {
    "kills": 1000,
    "crashes": 10,
    "charges": 5000,
    "faults": 20_000,
    "steps": 100_000,
    "repeats": 200,
    "mutants": ALL,
    "mails": 10_000,
}
CI = {**FULL, "mails": 2000}
"""Everything about money in full."""


def _piece(module: str, *names: str) -> Callable[[Sizes, int], Outcome]:
    def run(sizes: Sizes, seed: int) -> Outcome:
        found: Outcome = import_module(f"tests.storm.{module}").run(seed=seed, **{name: sizes[name] for name in names})
        return found

    return run


def _mail(sizes: Sizes, seed: int) -> Outcome:
    """A kill for every fifty messages."""
    return import_module("tests.storm.mail").run(mails=sizes["mails"], kills=sizes["mails"] // 50, seed=seed)


PIECES: Mapping[str, Callable[[Sizes, int], Outcome]] = {
    "model": _piece("model.walk", "steps"),
    "faults": _piece("faults", "faults"),
    "crash": _piece("crash"),
    "races": _piece("races", "repeats"),
    "mail": _mail,
    "outage": _piece("outage"),
    "mutants": _piece("mutants.runner", "mutants"),
    "secrets": _piece("leaks"),
    "kill": _piece("kill.storm", "kills", "crashes", "charges"),
}
HAS_ITS_OWN_SERVER = {"kill", "mutants", "outage", "crash"}
AT_ONCE = 2
"""Two share the machine, the longest first, and the killing last: it takes all there is."""


def main(arguments: list[str]) -> int:
    """Run the pieces asked for, print a line for each, and fail if any found a violation."""
    parser = argparse.ArgumentParser(prog="./tally storm", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--ci",
        action="store_const",
        const=CI,
        dest="size",
        help="what every build runs",
    )
    size.add_argument("--full", action="store_const", const=FULL, dest="size", help="the whole proof")
    parser.add_argument("--only", action="append", choices=list(PIECES), help="one piece; may be given again")
    parser.add_argument("--seed", type=int, default=None)
    for name in SMOKE:
        parser.add_argument(f"--{name}", type=int, default=None)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    sizes = {name: getattr(options, name) or (options.size or SMOKE)[name] for name in SMOKE}
    names = options.only or list(PIECES)
    if len(names) > 1:
        return _each_by_itself(names, sizes, seed)
    print(f"storm {names[0]} seed={seed}", flush=True)
    outcome = _run(names[0], sizes, seed)
    print(outcome.line(), flush=True)
    for violation in outcome.violations[:20]:
        print(f"       {violation}", flush=True)
    return 0 if outcome.is_good else 1


def _each_by_itself(names: Sequence[str], sizes: Sizes, seed: int) -> int:
    """Run each piece in a process of its own, two at once: they fork, and a child must inherit no library's threads."""
    began = time.monotonic()
    given = [f"--{name}={value}" for name, value in sizes.items()]

    def good(name: str) -> bool:
        command = [sys.executable, "-m", "tests.storm", "--only", name, "--seed", str(seed), *given]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        print(done.stdout, end="", flush=True)
        return not done.returncode

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = dict(zip(names, pool.map(good, names), strict=True))
    bad = [name for name, is_good in results.items() if not is_good]
    said = f"FAILED {', '.join(bad)}" if bad else "money moved exactly once"
    print(f"storm: {said} in {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


def _run(name: str, sizes: Sizes, seed: int) -> Outcome:
    if name in HAS_ITS_OWN_SERVER:
        return PIECES[name](sizes, seed)
    with own_database(name):
        return PIECES[name](sizes, seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
