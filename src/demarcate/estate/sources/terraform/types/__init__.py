"""What Terraform's resources are, one file a family. A new one is an entry here; nothing else has to know of it."""
