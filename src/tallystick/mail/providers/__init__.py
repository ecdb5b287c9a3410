"""Ways out, one folder each, strangers to each other. Reached through `registry` only.

May touch: base, core.
"""
