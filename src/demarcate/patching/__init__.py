"""Patching: whose it is, how far it is, what comes first, when it happens, in which order, and back again."""
