"""How the ledger's database comes from one version to the next, by Alembic."""
