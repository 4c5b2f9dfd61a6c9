"""How bytes travel (channels) and who we exchange with (partners)."""
