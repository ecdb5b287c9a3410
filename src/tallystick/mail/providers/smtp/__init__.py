"""A mail server reached by SMTP: the seller's own, or the installation's.

May touch: base, core.
"""
