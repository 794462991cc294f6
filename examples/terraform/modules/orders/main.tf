variable "kms_key_arn" {
  type = string
}

variable "security_group_id" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}

resource "aws_db_instance" "this" {
  identifier     = "orders"
  engine         = "postgres"
  engine_version = "16.4"
  instance_class = "db.t4g.medium"

  allocated_storage = 50
  storage_encrypted = true
  kms_key_id        = var.kms_key_arn

  username = "orders"
  password = var.password

  vpc_security_group_ids  = [var.security_group_id]
  backup_retention_period = 7
  publicly_accessible     = false
  multi_az                = false
  skip_final_snapshot     = true
}

resource "aws_iam_role" "worker" {
  name = "orders-worker"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "worker" {
  role       = aws_iam_role.worker.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
