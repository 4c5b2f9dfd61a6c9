"""Files become rows: tables, column maps, privacy refusal, and parsed values. Every row keeps its line."""
