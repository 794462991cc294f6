"""The pages of patching: the calendar, and what comes first."""
