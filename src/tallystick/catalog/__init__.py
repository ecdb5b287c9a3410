"""What is sold: items with their unit and price, and the tax rates they carry.

May touch: base, core, customers, sellers.
"""
