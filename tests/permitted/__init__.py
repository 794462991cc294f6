"""Who of an estate may do what."""
