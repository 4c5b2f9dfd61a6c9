"""Kvitt's hub: everything that is not about one partner or one format."""
