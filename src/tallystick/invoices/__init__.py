"""Invoices and credit notes: drafts, issuing with gapless numbers, due items, voiding, rendering. The reference room.

May touch: base, catalog, core, customers, ledger, mail, messages, pdf, sellers, texting.
"""
