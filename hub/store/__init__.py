"""Where the truth lies: tables, units of work, repositories, encrypted blobs, migrations."""
