"""Texting: a seller's SMS provider, which numbers can be texted and when, and the short links that fit into a text.

May touch: base, core, customers, sellers, sms.
"""
