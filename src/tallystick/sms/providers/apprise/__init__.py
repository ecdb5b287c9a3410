"""Every other provider, through the apprise library: a text goes out, and nothing comes back.

May touch: base, core.
"""
