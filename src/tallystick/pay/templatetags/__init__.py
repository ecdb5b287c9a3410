"""Template tags of the payment page."""
