"""The verdict per responsibility: met, gap, unproven or not applicable, and what led to it."""
