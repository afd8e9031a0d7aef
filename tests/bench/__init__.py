"""Measurements: they print and write figures, and assert nothing."""
