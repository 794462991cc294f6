"""Keys: which there are, what is encrypted with them, and who may use them, by the rows of a snapshot."""
