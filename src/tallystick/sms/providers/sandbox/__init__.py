"""The sandbox: texts go to the telephone on a page (`sms.phone`), which answers like a provider.

May touch: base, core.
"""
