"""Arithmetic and policy: money, tax, totals, schedules, allocation, numbering, postings, charge states.

Pure functions on values: no Django, no clock, no network, no float.

May touch: nothing.
"""
