"""Mollie: iDEAL, Bancontact, cards, SEPA and more on its hosted page, and later charges by mandate.

`gateway.py` is the adapter over Mollie's own SDK, `_client.py` the one place where a call is made, `_answers.py` reads
what comes back, `_declines.py` is the table of its reasons, `_lists.py` walks its lists.

May touch: base, core.
"""
