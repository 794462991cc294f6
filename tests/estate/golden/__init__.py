"""The rows that every table has of what AWS could say at most, as files: a changed mapping is a changed line there."""
