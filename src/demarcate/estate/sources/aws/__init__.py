"""Live AWS accounts as a source."""
