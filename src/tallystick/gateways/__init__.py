"""Payment gateways: one protocol, one folder per provider, and a sandbox provider in the box.

Providers are reached only through `registry.py` and don't know each other. Nothing here writes a row: what a
gateway says comes back as a `Report`, and the payments room decides what it means.

May touch: base, core.
"""
