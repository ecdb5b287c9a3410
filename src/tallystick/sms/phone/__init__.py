"""A telephone on a page: it shows texts as a phone would, sends receipts and lets one answer. For the demo and for tests.

May touch: base, core.
"""
