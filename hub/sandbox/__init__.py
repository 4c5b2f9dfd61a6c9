"""Counterparts that answer: what a hub can talk to before a partner lets it in."""
