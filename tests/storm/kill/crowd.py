"""The payers: a process of its own that is never killed, pays whatever page is open, with cards good and bad.

`python -m tests.storm.kill.crowd SEED`, the database in DATABASE_URL.
"""

from __future__ import annotations

import os
import random
import sys
import time

import httpx
import psycopg

OPEN_PAGES = """
SELECT id::text, kind, action_url FROM charge_attempt WHERE state = 'action_required' AND action_url <> '' LIMIT 200
"""
GOOD, DECLINED, CHALLENGE, SLOW_BANK = "4242424242424242", "4000000000000002", "4000000000003220", "4000000000002206"
CARDS = [GOOD] * 6 + [DECLINED, CHALLENGE, CHALLENGE, SLOW_BANK]


def main() -> None:
    """Pay until told to stop; a database that is away is waited for."""
    chance = random.Random(int(sys.argv[1]))
    browser, done = httpx.Client(timeout=20, trust_env=False), set[str]()
    while True:
        try:
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, connect_timeout=2) as connection:
                while True:
                    pages = [row for row in connection.execute(OPEN_PAGES) if row[0] not in done]
                    for attempt_id, kind, url in pages:
                        done.add(attempt_id)
                        _pay(browser, chance, kind, url)
                    time.sleep(0.05)
        except psycopg.Error:
            time.sleep(0.2)


def _pay(browser: httpx.Client, chance: random.Random, kind: str, url: str) -> None:
    """Pay one page; one payer in thirty walks away."""
    if chance.random() < 1 / 30:
        return
    card = chance.choice(CARDS)
    try:
        if kind == "hosted":
            form = {"number": card, "expiry": "12/34", "cvc": "123", "name": "Ada Example"}
            browser.post(url, data=form)
            if card == DECLINED:
                browser.post(url, data={**form, "number": GOOD})
        if card == CHALLENGE or kind != "hosted":
            browser.post(
                f"{url.removesuffix('/verify')}/verify", data={"answer": chance.choice(["approve"] * 4 + ["decline"])}
            )
    except httpx.HTTPError:
        return


if __name__ == "__main__":
    main()
