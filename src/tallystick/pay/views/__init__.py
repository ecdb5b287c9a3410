"""The pages behind a payment link."""
