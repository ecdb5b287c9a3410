"""PayPal: wallet payments on PayPal's own page, kept wallets, refunds and disputes, by plain HTTP (Orders v2).

The payer's approval takes no money; our capture does, made by the look-up that finds the order approved. See `gateway`.

May touch: base, core.
"""
