"""The journal of every claim line and payment, what it adds up to, and what practices are owed."""
