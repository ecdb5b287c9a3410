"""The door for machines at providers: webhooks are checked, kept and answered.

May touch: everything below the doors.
"""
