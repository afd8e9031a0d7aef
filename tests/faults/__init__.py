"""Schedules of faults, after which every question must have ended as it was promised."""
