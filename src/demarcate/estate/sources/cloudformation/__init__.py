"""The CloudFormation source: templates read, resolved and flattened into resources with file and line."""
