"""What a table is, and how an item of a source becomes a row of it."""
