"""IAM Access Analyzer: the analyzers of a region."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Each, Table, Tags, Text, Time

ANALYZER = Table(
    "aws_accessanalyzer_analyzer",
    "An analyzer that looks for access from outside, or for access that nobody uses.",
    service="access-analyzer",
    live=Each("accessanalyzer.list_analyzers", "analyzers[]"),
    cloudformation="AWS::AccessAnalyzer::Analyzer",
    columns=(
        Text("name", live="name", cloudformation="AnalyzerName"),
        Arn(live="arn", cloudformation=REF),
        Text("type", live="type", about="ACCOUNT, ORGANIZATION, ACCOUNT_UNUSED_ACCESS, …"),
        Text("status", live="status"),
        Time("created_at", live="createdAt"),
        Time("last_resource_analyzed_at", live="lastResourceAnalyzedAt"),
        Tags(live="tags"),
    ),
)
