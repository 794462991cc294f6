"""Detecting: rules run over events, and what they say as findings."""
