"""Vonage: its SMS API, its signed webhooks.

May touch: base, core.
"""
