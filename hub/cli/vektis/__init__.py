"""`kvitt vektis`: looking into claim files, comparing, taking apart and making them shareable."""
