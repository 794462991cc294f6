"""Sigma: detection rules, read with pySigma and compiled to predicates over the table of CloudTrail's events."""
