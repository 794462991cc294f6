"""Pictures of the line: drawn once from the model and its results, and written in several formats."""
