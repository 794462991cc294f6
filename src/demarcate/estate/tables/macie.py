"""Amazon Macie: whether it looks for sensitive data."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Call, Each, From, Table, Text, Time

SESSION = Table(
    "aws_macie2_session",
    "Macie in a region where it is on.",
    service="macie",
    live=Each("macie2.get_macie_session", "@", absent=("AccessDeniedException: Macie is not enabled",)),
    details={"discovery": Call("macie2.get_automated_discovery_configuration")},
    cloudformation="AWS::Macie::Session",
    columns=(
        Arn("arn:{partition}:macie2:{region}:{account_id}:session", cloudformation=REF),
        Text("status", live="status", cloudformation=From("Status", absent="ENABLED")),
        Text(
            "finding_publishing_frequency",
            live="findingPublishingFrequency",
            cloudformation=From("FindingPublishingFrequency", absent="SIX_HOURS"),
        ),
        Text("automated_discovery_status", live="@discovery.status"),
        Time("created_at", live="createdAt"),
        Time("updated_at", live="updatedAt"),
    ),
)
