# checkov:skip=CKV_AWS_18:outside of any block
resource "aws_s3_bucket" "logs" {
  # checkov:skip=CKV_AWS_18:the target of logs itself
  bucket = "logs"
}

module "network" {
  source = "./network" # checkov:skip=CKV_AWS_3:a module
}

data "aws_iam_policy_document" "x" {
  # checkov:skip=CKV_AWS_7:data
}
