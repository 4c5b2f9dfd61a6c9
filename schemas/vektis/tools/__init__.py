"""Tools on Vektis files: look into one, compare two, make one anonymous, select lines, take the bad lines out."""
