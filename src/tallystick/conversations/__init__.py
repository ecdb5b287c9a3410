"""What customers answer: the inbox, its threads and their files, replies, and what is done about each.

May touch: base, core, customers, mail, messages, pdf, sellers.
"""
