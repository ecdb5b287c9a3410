"""The family of processes behind one command: started in order, stopped together."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Self

WEB_BACKLOG = 512


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Programs:
    """Child processes of this command; leaving the context ends exactly those."""

    def __init__(self, *, data_dir: Path) -> None:
        """Keep logs and data under `data_dir`."""
        self.data_dir = data_dir
        self.running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        """Stop in order on Ctrl-C and SIGTERM alike, even when started in the background with SIGINT ignored."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what was started, last first, and insist after ten seconds."""
        for program in reversed(self.running):
            if program.poll() is None:
                program.terminate()
        for program in reversed(self.running):
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def start_companions(self) -> None:
        """Start the sandbox payment provider, the mailbox and the phone, and tell the settings where they are."""
        folder = self.data_dir / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        sandbox = self._announced(
            "tallystick.gateways.providers.sandbox.server",
            "--data",
            str(folder / "provider.db"),
            "--days-ahead",
            str(folder / "clock"),
        )
        os.environ["TALLYSTICK_SANDBOX_URL"] = f"http://127.0.0.1:{sandbox['port']}"
        mailbox = self._announced(
            "tallystick.mail.sink", "--data", str(folder / "mail"), "--smtp-port", "0", "--http-port", "0"
        )
        os.environ["TALLYSTICK_SMTP_PORT"] = str(mailbox["smtp_port"])
        os.environ["TALLYSTICK_MAILBOX_URL"] = f"http://127.0.0.1:{mailbox['http_port']}"
        phone = self._announced("tallystick.sms.phone", "--data", str(folder / "phone.jsonl"), "--port", "0")
        os.environ["TALLYSTICK_PHONE_URL"] = f"http://127.0.0.1:{phone['port']}"

    def start_workers(self) -> None:
        """Start the workers."""
        for _ in range(int(os.environ.get("TALLYSTICK_WORKERS", "2"))):
            self._start("-m", "tallystick.worker")

    def start_lmtp(self) -> None:
        """Start taking mail by LMTP, and wait until it does."""
        self._announced("django", "lmtp")

    def start_web(self, port: int) -> None:
        """Start the web server and wait until it answers."""
        workers = os.environ.get("TALLYSTICK_WEB_WORKERS", "2")
        granian = str(Path(sys.executable).parent / "granian")
        self.running.append(
            subprocess.Popen(
                [
                    granian,
                    "--interface",
                    "wsgi",
                    "--host",
                    os.environ.get("TALLYSTICK_BIND", "127.0.0.1"),
                    "--port",
                    str(port),
                    "--workers",
                    workers,
                    "--blocking-threads",
                    "1",
                    "--backlog",
                    str(WEB_BACKLOG),
                    "--log-level",
                    "warning",
                    "tallystick.config.wsgi:application",
                ],
                text=True,
            )
        )
        self._wait_for(port)

    def wait(self) -> int:
        """Wait until a program ends by itself, which is a failure, or until Ctrl-C."""
        while True:
            for program in self.running:
                if program.poll() is not None:
                    print(f"{program.args!r} ended with {program.returncode}", file=sys.stderr)
                    return 1
            time.sleep(0.5)

    def _start(self, *arguments: str, **options: int) -> subprocess.Popen[str]:
        program = subprocess.Popen([sys.executable, *arguments], text=True, **options)  # type: ignore[call-overload]
        self.running.append(program)
        return program  # type: ignore[no-any-return]

    def _announced(self, module: str, *arguments: str) -> dict[str, int]:
        """Start a companion and read the line of JSON by which it says where it listens."""
        program = self._start("-m", module, *arguments, stdout=subprocess.PIPE)
        assert program.stdout
        return dict(json.loads(program.stdout.readline()))

    def _wait_for(self, port: int) -> None:
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            if self.running[-1].poll() is not None:
                raise SystemExit("the web server did not start")
            time.sleep(0.1)
        raise SystemExit("the web server did not answer")


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
