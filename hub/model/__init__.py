"""Frozen values in the field's own words; standard library only."""
