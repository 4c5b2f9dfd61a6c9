"""Rules as plain Python, by dated set; `registry` finds the set in force on a day."""
