"""Encryption at rest, blind index, keys kept apart from the data, access-log chain."""
