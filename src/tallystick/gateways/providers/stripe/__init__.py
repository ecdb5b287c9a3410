"""Stripe: cards, wallets and bank debits through its hosted checkout, and later charges of what was kept. May touch: base, core."""
