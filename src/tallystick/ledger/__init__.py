"""The book: double-entry journal, append-only, balanced by the database; balances that can say why.

May touch: base, core, customers, sellers.
"""
