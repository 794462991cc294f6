"""What the AWS CDK synthesizes as a source: the templates of a cloud assembly, and the constructs they are of."""
