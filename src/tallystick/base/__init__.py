"""What every room stands on: the clock, ids, tenancy, transactions, facts, the webhook inbox, secrets and HTTP.

Holds no business rule and knows no other room.

May touch: core.
"""
