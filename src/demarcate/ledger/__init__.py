"""The append-only record of what people decided and what Demarcate did."""
