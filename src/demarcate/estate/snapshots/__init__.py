"""The folder of Parquet that a collection is kept in: written, gone on with, opened, asked."""
