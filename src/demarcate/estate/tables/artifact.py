"""AWS Artifact: what auditors say of AWS's half."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Each, Int, Table, Text, Time

REPORT = Table(
    "aws_artifact_report",
    "A report that AWS hands out: who says what of AWS, and for which period. It is downloaded under terms that a "
    "person accepts, and is evidence once its file is in an evidence folder, with its hash.",
    service="account",
    scope="account",
    live=Each("artifact.list_reports", "reports[]"),
    columns=(
        Arn(live="arn"),
        Text("id", live="id"),
        Text("name", live="name"),
        Text("description", live="description"),
        Int("version", live="version"),
        Text("series", live="series"),
        Text("category", live="category"),
        Text("company_name", live="companyName"),
        Text("product_name", live="productName"),
        Text("state", live="state"),
        Text("upload_state", live="uploadState"),
        Text("acceptance_type", live="acceptanceType"),
        Time("period_start", live="periodStart"),
        Time("period_end", live="periodEnd"),
    ),
)
