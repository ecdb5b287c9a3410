"""Broadcasts: one message to many customers, by email or text, in each one's language, once each; lists; unsubscribing.

May touch: base, core, customers, invoices, mail, messages, sellers, texting.
"""
