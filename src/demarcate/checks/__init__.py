"""Is it so: the catalog of checks, and the engine that judges a snapshot by it."""
