"""GoCardless: bank payments on its hosted page, and Direct Debit by mandate in eight currencies.

`gateway.py` is the adapter over GoCardless' own SDK, `_client.py` the one place where a call is made, `_sessions.py`
asks what became of an attempt, `_answers.py` reads what comes back, `_webhooks.py` reads its news, `_declines.py` is the
table of its reasons, `_lists.py` walks its lists.

May touch: base, core.
"""
