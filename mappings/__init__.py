"""What a format means: pure functions between the model and a format."""
