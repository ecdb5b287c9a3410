"""What we said: every email and text message as a row with a key that makes it go out once, its words and switches, when it goes
by itself, the brake, and what became of it.

May touch: base, core, customers, mail, mailboxes, pdf, sellers, sms, texting.
"""
