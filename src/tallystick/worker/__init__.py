"""The clock is a user too: what happens by itself, and when.

May touch: everything below the doors.
"""
