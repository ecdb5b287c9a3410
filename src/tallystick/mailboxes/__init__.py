"""Where email comes in: each seller's mailbox, and every mail kept as it came until somebody acted on it.

May touch: base, core, mail.
"""
