"""Who of an estate may do what: the policies of a snapshot, weighed together."""
