"""Settings, the environment, the embedded database, URLs and the command line.

May touch: everything.
"""
