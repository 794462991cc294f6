"""Where the live estate differs from what it is declared to be, or could not be compared."""
