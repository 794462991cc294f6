"""Attacks Demarcate with inputs made from real ones: `make fuzz`, or `python -m fuzz.run --help`."""
