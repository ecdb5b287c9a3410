"""The sandbox payment provider itself: a separate process with its own truth in one SQLite file.

Run `python -m tallystick.gateways.providers.sandbox.server --data FILE --port N`. It knows nothing of invoices,
customers or Django, answers on 127.0.0.1 only, and misbehaves on request (`faults.py`).

May touch: core.
"""
