"""Reads across rooms: the dashboard, trial balance, what a balance is made of.

May touch: everything below the doors.
"""
