"""Email, out: an envelope goes to a mail server or a service, and what becomes of it comes back.

Holds no template and no business rule. `sink` is a mailbox for development, demonstrations and tests.

May touch: base, core.
"""
