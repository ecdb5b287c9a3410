"""A mail transfer agent (Exim) and a mailbox (Dovecot) of our own, on ports of this run, in a folder of this run.

Exim takes what we send. Mail for `pay.example` goes to Dovecot by LMTP, everything else to the far end, which refuses.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

DOMAIN = "pay.example"
PASSWORD = "of-the-mailbox"
ANSWERS = {
    "gone": "550 5.1.1 <{}>: Recipient address rejected: User unknown",
    "full": "552 5.2.2 <{}>: mailbox full",
    "grey": "450 4.2.0 <{}>: Greylisted, come back later",
}
_EXIM = """
primary_hostname = mta.example
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%slog
pid_file_path = {folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtp}
tls_advertise_hosts =
host_lookup =
acl_smtp_rcpt = accept
acl_smtp_data = accept
delay_warning = 1s:1h
delay_warning_condition = yes
begin routers
bounces:
  driver = manualroute
  domains = {domain}
  route_list = * 127.0.0.1
  self = send
  transport = mailbox
others:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = far_end
begin transports
mailbox:
  driver = smtp
  protocol = lmtp
  port = {lmtp}
  allow_localhost
far_end:
  driver = smtp
  port = {far}
  allow_localhost
  hosts_avoid_tls = *
begin retry
* * F,10m,1s
"""
_DOVECOT = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n
recipient_delimiter = +
lmtp_hdr_delivery_address = original
auth_username_format = %Ln
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%n allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they listen; `folder` has their logs."""

    smtp_port: int
    imap_port: int
    folder: Path

    def logs(self) -> str:
        """What they said, for a failing test."""
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in self.folder.glob("*log"))


def missing() -> str:
    """Return why the servers can't be started here, or nothing."""
    absent = [name for name in ("exim4", "dovecot") if not shutil.which(name, path="/usr/sbin:/usr/bin")]
    if absent:
        return f"not installed here: {', '.join(absent)} (Debian: exim4-daemon-light dovecot-imapd dovecot-lmtpd)"
    return "" if os.geteuid() == 0 else "Exim and Dovecot change their user, which takes root"


class FarEnd:
    """The customer's mail server: it refuses people by their name, and takes the rest."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = ANSWERS.get(address.partition("@")[0].rstrip("0123456789"))
        if answer:
            return answer.format(address)
        envelope.rcpt_tos.append(address)
        return "250 OK"


@contextmanager
def open_servers() -> Iterator[Servers]:
    """Start the three, and end exactly these."""
    smtp, imap, lmtp = _free_ports(3)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tally-mta-", dir="/tmp")))
        far = Controller(FarEnd(), hostname="127.0.0.1", port=_free_ports(1)[0])
        far.start()
        stack.callback(far.stop)
        folder.chmod(0o755)
        for name, owner in (("spool", "Debian-exim"), ("mail", "nobody"), ("run", "root")):
            (folder / name).mkdir()
            shutil.chown(folder / name, owner)
        shutil.chown(folder, "Debian-exim")
        values: dict[str, Any] = {"folder": folder, "smtp": smtp, "imap": imap, "lmtp": lmtp, "far": far.port}
        exim, dovecot = folder / "exim.conf", folder / "dovecot.conf"
        exim.write_text(_EXIM.format(domain=DOMAIN, **values))
        dovecot.write_text(_DOVECOT.format(password=PASSWORD, **values))
        stack.enter_context(_running("/usr/sbin/dovecot", "-F", "-c", str(dovecot)))
        stack.enter_context(_running("/usr/sbin/exim4", "-C", str(exim), "-bdf", "-q1s"))
        servers = Servers(smtp, imap, folder)
        for port in (imap, lmtp, smtp):
            until(lambda port=port: _answers(port), servers.logs)  # type: ignore[misc]
        yield servers


@contextmanager
def _running(*command: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def until(is_so: Callable[[], object], explain: Callable[[], str], *, within_s: float = 60) -> None:
    """Wait for a condition, and fail with an explanation when it doesn't come."""
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, explain()
        time.sleep(0.2)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
