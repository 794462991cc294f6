"""Terraform's plans and states as a source: their resources in the shape of templates, and so as the same rows."""
