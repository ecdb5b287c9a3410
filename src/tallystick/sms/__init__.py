"""Text messages, out: a text goes to a provider, and what becomes of it, and what people answer, comes back.

May touch: base, core.
"""
