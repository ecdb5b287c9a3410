"""SMS providers, each in a folder of its own, reached through the registry only.

May touch: base, core.
"""
