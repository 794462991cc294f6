"""Every operation fails in turn, in each way; what must differ then, and that nothing else does."""
