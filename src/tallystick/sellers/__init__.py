"""To whom money is owed: the seller (the tenant), its branding, bank accounts and settings, its members and their roles.

May touch: base, core, mail.
"""
