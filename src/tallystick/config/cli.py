"""The command line: `./tally demo | serve | test | check | bench | storm | dkim-key | manage`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tallystick.config.env import ROOT
from tallystick.config.programs import Programs, free_port

CHECKS: Sequence[tuple[str, Sequence[str]]] = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("templates", ("djlint", "src/tallystick", "--lint", "--quiet")),
    ("imports", ("lint-imports", "--no-cache")),
    ("house", ("pytest", "-q", "-p", "no:cacheprovider", "tests/house")),
    ("translations", ("-m", "tallystick.config.translations", "--check")),
    ("migrations", ("-m", "django", "makemigrations", "--check", "--dry-run")),
)


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="./tally", description="Tallystick: get invoices paid.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("demo", "a living demo business, with a mailbox"), ("serve", "web and worker, for production")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--port", type=int, default=8000, help="0 picks a free one")
    commands.add_parser("test", help="the whole suite", add_help=False)
    commands.add_parser("check", help="format, lint, types, imports, house rules, translations, migrations")
    commands.add_parser("bench", help="speed, as ratios against baselines of the same run", add_help=False)
    commands.add_parser("storm", help="kills, crashes, faults and races: money must move exactly once", add_help=False)
    commands.add_parser("manage", help="Django's own commands, on this installation's database", add_help=False)
    command = commands.add_parser("dkim-key", help="a key that signs outgoing mail, and what to put into DNS")
    command.add_argument("--file", type=Path, help="where it is kept; dkim.pem in the data folder unless given")
    options, rest = parser.parse_known_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.config.settings")
    try:
        if options.command in {"demo", "serve"}:
            return serve(port=options.port, demo=options.command == "demo")
        if options.command == "check":
            return check()
        if options.command == "dkim-key":
            return dkim_key(options.file)
        return {"test": test, "bench": bench, "storm": storm, "manage": manage}[options.command](rest)
    except KeyboardInterrupt:
        return 130


def serve(*, port: int, demo: bool) -> int:
    """Bring the database up to date and run web and workers until Ctrl-C; the demo adds its provider, mailbox and data."""
    port = port or free_port()
    _choose_mode(demo)
    os.environ.setdefault("TALLYSTICK_PUBLIC_URL", f"http://127.0.0.1:{port}")
    with ExitStack() as stack:
        marker = _data_dir() / "demo" / "complete"
        _database(stack, "tallystick_demo" if demo else "tallystick", afresh=demo and not marker.exists())
        if demo and not marker.exists():
            (marker.parent / "clock").unlink(missing_ok=True)
        programs = stack.enter_context(Programs(data_dir=_data_dir()))
        if demo:
            os.environ.setdefault("TALLYSTICK_WORKERS", "1")
            programs.start_companions()
        _django()
        from tallystick.config.database import migrate
        from tallystick.config.static import collect
        from tallystick.config.translations import compile_catalogs

        print("Preparing the database", flush=True)
        migrate()
        collect()
        compile_catalogs()
        if demo:
            from tallystick.config.demo import load_demo

            load_demo()
            marker.touch()
        programs.start_workers()
        if os.environ.get("TALLYSTICK_LMTP_BIND"):
            programs.start_lmtp()
        programs.start_web(port)
        print(f"Tallystick is ready: http://127.0.0.1:{port}/", flush=True)
        return programs.wait()


def dkim_key(path: Path | None) -> int:
    """Make a key that signs mail, unless it is there, and print what belongs into DNS."""
    from tallystick.config.dkim_key import show_key

    return show_key(path)


def _choose_mode(demo: bool) -> None:
    """Serve for production when a public address is given; without one, for this machine only, and say so."""
    if demo or os.environ.get("TALLYSTICK_MODE"):
        os.environ.setdefault("TALLYSTICK_MODE", "demo")
    elif os.environ.get("TALLYSTICK_PUBLIC_URL"):
        os.environ["TALLYSTICK_MODE"] = "production"
    else:
        os.environ["TALLYSTICK_MODE"] = "development"
        print("No TALLYSTICK_PUBLIC_URL is set: serving this machine only. Links in emails lead here.", flush=True)


def test(arguments: list[str]) -> int:
    """Run the suite on its own database server; extra arguments go to pytest."""
    os.environ["TALLYSTICK_MODE"] = "test"
    workers = [] if any(a.startswith(("-n", "-x", "--pdb")) for a in arguments) else ["-n", "2"]
    return _run("pytest", *workers, *arguments)


def check() -> int:
    """Run every static check, report each on a line, and fail if any fails."""
    os.environ["TALLYSTICK_MODE"] = "test"
    failed = []
    for name, command in CHECKS:
        result = subprocess.run(_command(command), cwd=ROOT, capture_output=True, text=True, check=False)
        print(f"{'ok    ' if result.returncode == 0 else 'FAILED'} {name}", flush=True)
        if result.returncode:
            failed.append(name)
            print(result.stdout[-4000:] + result.stderr[-2000:])
    print(f"check failed: {', '.join(failed)}" if failed else "all checks pass")
    return 1 if failed else 0


def bench(arguments: list[str]) -> int:
    """Run the benchmarks on a database server of their own."""
    os.environ["TALLYSTICK_MODE"] = "test"
    return subprocess.run([sys.executable, "-m", "bench", *arguments], cwd=ROOT, check=False).returncode


def storm(arguments: list[str]) -> int:
    """Run the storm on database servers of its own: `--ci` as every build runs it, some twenty minutes."""
    os.environ["TALLYSTICK_MODE"] = "test"
    return subprocess.run([sys.executable, "-m", "tests.storm", *arguments], cwd=ROOT, check=False).returncode


def manage(arguments: list[str]) -> int:
    """Run one of Django's commands."""
    with ExitStack() as stack:
        _database(stack, "tallystick")
        _django()
        from django.core.management import execute_from_command_line

        execute_from_command_line(["./tally manage", *arguments])
    return 0


def _command(command: Sequence[str]) -> list[str]:
    if command[0] == "-m":
        return [sys.executable, *command]
    return [str(Path(sys.executable).parent / command[0]), *command[1:]]


def _run(*command: str) -> int:
    return subprocess.run(_command(command), cwd=ROOT, check=False).returncode


def _data_dir() -> Path:
    return Path(os.environ.get("TALLYSTICK_DATA_DIR") or ROOT / "var")


def _database(stack: ExitStack, name: str, *, afresh: bool = False) -> None:
    """Use DATABASE_URL when given; else start the embedded server and point the whole family of processes at it.

    `afresh` drops the embedded database first: a demo that was interrupted begins again.
    """
    if os.environ.get("DATABASE_URL"):
        return
    from tallystick.config.database import drop_database, embedded_server, ensure_database

    url = stack.enter_context(embedded_server(_data_dir() / "postgres"))
    if afresh:
        drop_database(url, name)
    os.environ["DATABASE_URL"] = ensure_database(url, name)


def _django() -> None:
    import django

    django.setup()
