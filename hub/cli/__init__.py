"""kvitt ...: the command line."""
