"""Policies, read as AWS reads them: who reaches what, with the request that shows it."""
