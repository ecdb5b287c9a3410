"""A mailbox for development, demonstrations and tests: takes all mail, delivers none, shows it on a page.

`python -m tallystick.mail.sink --data DIR` is a process of its own, without Django, on 127.0.0.1 only.

May touch: nothing.
"""
