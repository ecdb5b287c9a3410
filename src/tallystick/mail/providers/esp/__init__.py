"""Email services reached by their API through django-anymail: a record each, one way to send, one to read their news.

May touch: base, core.
"""
