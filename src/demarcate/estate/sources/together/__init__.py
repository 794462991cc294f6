"""Several sources of what is declared, read as one estate."""
