"""R23: card numbers, security codes, keys and link tokens are nowhere but where they belong.

Pays on the real page's flow, then looks through a dump of every text in the database, the logs, the mails and the error pages.
"""

from __future__ import annotations

import logging
import re
import tempfile
import time
from io import StringIO
from pathlib import Path

from django.db import connection
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices.links import link_token
from tallystick.invoices.models import Invoice
from tallystick.payments.tests.stage import Stage
from tallystick.testing.mailbox import open_mailbox
from tallystick.testing.provider import SECRET, add_sandbox
from tallystick.testing.world import make_world
from tests.storm.outcome import Outcome

CARDS = ("4242424242424242", "5555555555554444", "4000000000000002", "4000000000000358")
CODE = "9841"
"""The security code that is typed; searched for as a number of its own."""
TEXTS = """
SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
  AND c.data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea', 'ARRAY')
"""


def run(*, seed: int) -> Outcome:
    """Move money in every way, make errors, and search what was left behind."""
    outcome, began, said = Outcome("secrets", seed), time.perf_counter(), StringIO()
    watcher = logging.StreamHandler(said)
    for handler in logging.getLogger().handlers:
        for each in handler.filters:
            watcher.addFilter(each)
    logging.getLogger().addHandler(watcher)
    with tempfile.TemporaryDirectory(prefix="tally-storm-") as folder:
        sandbox = SandboxProcess(Path(folder) / "truth.db")
        try:
            with open_mailbox(Path(folder) / "mail") as mailbox:
                mailbox.use()
                key, tokens, pages = _walk(sandbox)
                mails = "\n".join(str(each) for each in mailbox.messages())
        finally:
            sandbox.stop()
            sandbox.payer.close()
            logging.getLogger().removeHandler(watcher)
    secret = {
        "card": CARDS,
        "security code": (CODE,),
        "key": (key,),
        "webhook secret": (SECRET, SECRET.removeprefix("whsec_")),
    }
    dump, columns = _dump()
    places = {"database": dump, "log": said.getvalue(), "mail": mails, "page": pages}
    for what, words in {**secret, "link token": tokens}.items():
        for place, text in places.items():
            if what == "link token" and place == "mail":
                continue
            plain = re.sub(r"(?<=\d)[ -](?=\d)", "", text) if what == "card" else text
            if any(_is_in(plain, word) for word in words):
                outcome.violations.append(f"a {what} is in the {place}")
    outcome.figures = {
        "columns": columns,
        "dump kB": len(dump) // 1024,
        "seconds": round(time.perf_counter() - began, 1),
    }
    return outcome


def _walk(sandbox: SandboxProcess) -> tuple[str, tuple[str, ...], str]:
    """Pay, be declined, keep a card, lose answers, come back, and go astray; return the key, the tokens, the error pages."""
    world = make_world()
    world.now = clock.now()
    world.today = world.now.date()
    stage = Stage(world, sandbox, add_sandbox(world, sandbox.url))
    browser, pages, tokens = Client(raise_request_exception=False), [], []
    stage.keep_card(CARDS[3])
    for card in CARDS[:3]:
        invoice_id = world.invoice()
        with tenant.tx(world.seller_id):
            token = link_token(invoice_id, Invoice.objects.get(id=invoice_id).link_version)
        tokens.append(token)
        browser.get(f"/p/{token}")
        sandbox.fault("drop_after", operation="look_up")
        attempt = stage.open(invoice_id)
        sandbox.pay(attempt.action_url, card, cvc=CODE)
        sandbox.pay(attempt.action_url, card)
        stage.look_up(attempt)
        stage.look_up(attempt)
        astray = (f"/p/{token[:-3]}abc", f"/p/{token}/nowhere", f"/hooks/sandbox/{stage.card}")
        answers = [browser.post(path, data={"number": card}) for path in astray]
        pages += [answer.content.decode(errors="replace") for answer in answers]
    stage.drain()
    return f"sk_sandbox_{stage.name}", tuple(tokens), "\n".join(pages)


def _is_in(text: str, word: str) -> bool:
    """A short number only counts when it stands alone, not inside an id or an instant."""
    if word == CODE:
        return re.search(rf"(?<![0-9A-Za-z.-]){word}(?![0-9A-Za-z-])", text) is not None
    return word in text


def _dump() -> tuple[str, int]:
    """Every text of every table, as the owner sees it."""
    parts = []
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(TEXTS)
        columns = cursor.fetchall()
        for table, column in columns:
            cursor.execute(f'SELECT DISTINCT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT 5000')
            parts += [_readable(row[0]) for row in cursor.fetchall()]
        cursor.execute("SET ROLE tallystick_app")
    return "\n".join(parts), len(columns)


def _readable(text: str) -> str:
    """Bytes are shown as hexadecimal by the database; secrets in them would hide behind that."""
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:]).decode(errors="replace")
    return text
