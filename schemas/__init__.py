"""What each external format looks like: read, write, check. No business meaning."""
