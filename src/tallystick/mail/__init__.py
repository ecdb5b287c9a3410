"""Email: an envelope goes to a mail server or a service, and what becomes of it comes back; what comes in is read once and
for all.

Holds no template and no business rule. `sink` is a mailbox for development, demonstrations and tests.

May touch: base, core.
"""
