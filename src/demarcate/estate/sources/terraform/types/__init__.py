"""What Terraform's resources are, one file a family. A new resource is an entry here; nothing else has to know of it."""
