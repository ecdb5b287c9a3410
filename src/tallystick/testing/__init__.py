"""The cast and the stage for tests: a database of our own, sellers with people, the sandbox provider.

May touch: everything.
"""
