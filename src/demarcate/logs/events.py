"""What an event of CloudTrail is as a row: one table, `aws_cloudtrail_log`, wherever the event was read from.

Names follow Tailpipe's table of the same name where it has the column. What varies by API (parameters, answers) is kept
as the JSON text that CloudTrail wrote; what every event has is a column of its own. Source of the members: the AWS
CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TABLE = "aws_cloudtrail_log"


class Kind(StrEnum):
    """How a column is stored: a moment in UTC, true or false, a text, or the JSON text of a member."""

    MOMENT = "TIMESTAMPTZ"
    BOOL = "BOOLEAN"
    TEXT = "VARCHAR"
    JSON = "JSON"


@dataclass(frozen=True)
class Column:
    """A column, and the member of the event that fills it (`userIdentity.sessionContext.sessionIssuer.arn`)."""

    name: str
    member: str
    kind: Kind = Kind.TEXT


COLUMNS: tuple[Column, ...] = (
    Column("event_time", "eventTime", Kind.MOMENT),
    Column("event_id", "eventID"),
    Column("event_source", "eventSource"),
    Column("event_name", "eventName"),
    Column("event_type", "eventType"),
    Column("event_category", "eventCategory"),
    Column("event_version", "eventVersion"),
    Column("api_version", "apiVersion"),
    Column("management_event", "managementEvent", Kind.BOOL),
    Column("read_only", "readOnly", Kind.BOOL),
    Column("aws_region", "awsRegion"),
    Column("recipient_account_id", "recipientAccountId"),
    Column("source_ip_address", "sourceIPAddress"),
    Column("user_agent", "userAgent"),
    Column("error_code", "errorCode"),
    Column("error_message", "errorMessage"),
    Column("request_id", "requestID"),
    Column("shared_event_id", "sharedEventID"),
    Column("vpc_endpoint_id", "vpcEndpointId"),
    Column("vpc_endpoint_account_id", "vpcEndpointAccountId"),
    Column("session_credential_from_console", "sessionCredentialFromConsole", Kind.BOOL),
    Column("user_identity_type", "userIdentity.type"),
    Column("user_identity_arn", "userIdentity.arn"),
    Column("user_identity_account_id", "userIdentity.accountId"),
    Column("user_identity_principal_id", "userIdentity.principalId"),
    Column("user_identity_user_name", "userIdentity.userName"),
    Column("user_identity_access_key_id", "userIdentity.accessKeyId"),
    Column("user_identity_invoked_by", "userIdentity.invokedBy"),
    Column("session_issuer_arn", "userIdentity.sessionContext.sessionIssuer.arn"),
    Column("mfa_authenticated", "userIdentity.sessionContext.attributes.mfaAuthenticated", Kind.BOOL),
    Column("user_identity", "userIdentity", Kind.JSON),
    Column("request_parameters", "requestParameters", Kind.JSON),
    Column("response_elements", "responseElements", Kind.JSON),
    Column("additional_event_data", "additionalEventData", Kind.JSON),
    Column("service_event_details", "serviceEventDetails", Kind.JSON),
    Column("resources", "resources", Kind.JSON),
    Column("tls_details", "tlsDetails", Kind.JSON),
    Column("addendum", "addendum", Kind.JSON),
    Column("edge_device_details", "edgeDeviceDetails", Kind.JSON),
    Column("event_context", "eventContext", Kind.JSON),
    Column("insight_details", "insightDetails", Kind.JSON),
)

OMITTED = "omitted"
"""One more column, a list of texts: which columns are NULL since CloudTrail left the member out for its size. Such a
member says `omitted: true` where the rest should be, so what it held is unknown, and not absent. NULL where none is.
"""
