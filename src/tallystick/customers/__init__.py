"""Who owes: customers, their contacts, addresses, tax ids, language, currency and terms; and the one lock on a customer.

May touch: base, core.
"""
