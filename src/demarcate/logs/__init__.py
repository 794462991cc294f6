"""Logs: that they exist, that they reach someone, that they are whole, and what they say."""
