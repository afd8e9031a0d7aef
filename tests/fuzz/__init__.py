"""Payloads that nobody should send, through the doors by which they would come in."""
