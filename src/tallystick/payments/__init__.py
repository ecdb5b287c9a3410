"""Money coming in: ways to pay, charge attempts, payments, allocations, credit.

May touch: base, core, customers, gateways, invoices, ledger, mail, messages, pdf, sellers, texting.
"""
