"""Rules of responses: a module per transaction (`t111`, `t71`, `mls`), what they share beside them without `RULES`."""
