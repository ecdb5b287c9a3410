"""Documents on paper: invoices, credit notes and receipts as PDF/A-3a, made in process by Typst.

A document comes in as its immutable snapshot (a plain dict) and leaves as bytes, the same bytes every time. What a
person typed travels to the page as JSON data and is never part of the page's source.

May touch: base, core.
"""
