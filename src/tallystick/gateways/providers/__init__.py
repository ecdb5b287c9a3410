"""One folder per payment provider, each a stranger to the others and reached only through `gateways/registry.py`.

May touch: base, core.
"""
