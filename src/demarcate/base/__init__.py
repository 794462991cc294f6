"""What every room stands on: errors, documents, files. Imports nothing of ours."""
