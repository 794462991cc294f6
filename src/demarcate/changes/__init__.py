"""Making it so: changes to AWS, planned whole, approved, applied step by step, verified, and undone."""
