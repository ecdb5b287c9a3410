"""The sandbox provider: an adapter (`gateway.py`) and the faulty-on-demand payment service it talks to (`server/`).

The two share nothing but HTTP, so what passes here has crossed a real socket.

May touch: base, core.
"""
