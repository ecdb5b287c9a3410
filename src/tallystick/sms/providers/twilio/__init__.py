"""Twilio: its Messages API, its signed webhooks.

May touch: base, core.
"""
