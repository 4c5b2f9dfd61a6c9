"""One module per screen, found by scanning: `SCREEN` says what it is and who may see it, `router` what it answers."""
