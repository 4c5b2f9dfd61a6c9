"""Replies and payments meet the claims they belong to; pure functions over values."""
