"""Proofs of the core: figures worked out by hand, and properties that must hold for whatever Hypothesis finds."""
