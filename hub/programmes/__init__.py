"""What turns lists and logs into claims: quarterly modules and treatment assignments. Pure functions."""
