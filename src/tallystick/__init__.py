"""Tallystick: self-hosted accounts receivable."""
