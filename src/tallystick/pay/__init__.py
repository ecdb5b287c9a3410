"""The door for the customer: the payment page, with no account and no script needed.

May touch: everything below the doors.
"""
