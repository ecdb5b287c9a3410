"""The door for people who sell: sign-in, lists, editor, settings.

May touch: everything below the doors.
"""
