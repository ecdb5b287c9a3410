"""Email, out: an envelope goes to a mail server, and what the server says about it comes back.

Holds no template and no business rule. `sink` is a mailbox for development, demonstrations and tests.

May touch: base, core.
"""
