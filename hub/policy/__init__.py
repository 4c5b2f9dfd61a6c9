"""Dated payer rules: deadlines, authorisation, tariffs, budgets, working days. Pure functions over rule data."""
