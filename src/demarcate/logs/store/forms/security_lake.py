"""Events of CloudTrail as Security Lake keeps them: Parquet, in OCSF's class API Activity (6003).

Source of the mapping: what OpenSearch's Security Analytics publishes of raw fields and OCSF's attributes
(`cloudtrail_logtype.json`), for both versions of OCSF that Security Lake has written. What OCSF has no attribute for
stands in `unmapped`, by its own name. Rows of other classes are left out.
"""

from __future__ import annotations

import json
from typing import Any, Final

from demarcate.base.sql import literal
from demarcate.logs.store.forms.cloudtrail import EVENTS
from demarcate.logs.store.forms.form import Form, selected

API_ACTIVITY: Final = 6003

_PATHS: Final[dict[str, tuple[str, ...]]] = {
    "event_id": ("metadata.uid",),
    "event_source": ("api.service.name",),
    "event_name": ("api.operation",),
    "event_type": ("metadata.event_code", "unmapped.eventType"),
    "event_category": ("metadata.product.feature.name",),
    "event_version": ("metadata.product.version",),
    "api_version": ("api.version",),
    "aws_region": ("cloud.region",),
    "recipient_account_id": ("cloud.account.uid", "cloud.account_uid", "unmapped.recipientAccountId", "accountid"),
    "source_ip_address": ("src_endpoint.ip", "src_endpoint.domain"),
    "user_agent": ("http_request.user_agent",),
    "error_code": ("api.response.error",),
    "error_message": ("api.response.message",),
    "request_id": ("api.request.uid",),
    "shared_event_id": ("unmapped.sharedEventID",),
    "vpc_endpoint_id": ("src_endpoint.uid",),
    "user_identity_type": ("actor.user.type",),
    "user_identity_arn": ("actor.user.uid", "actor.user.uuid"),
    "user_identity_account_id": ("actor.user.account.uid", "actor.user.account_uid"),
    "user_identity_principal_id": ("actor.user.uid_alt",),
    "user_identity_user_name": ("actor.user.name",),
    "user_identity_access_key_id": ("actor.user.credential_uid",),
    "user_identity_invoked_by": ("actor.invoked_by",),
    "session_issuer_arn": ("actor.session.issuer",),
    "request_parameters": ("api.request.data", "unmapped.requestParameters"),
    "response_elements": ("api.response.data", "unmapped.responseElements"),
    "additional_event_data": ("unmapped.additionalEventData",),
    "service_event_details": ("unmapped.serviceEventDetails",),
}
_BOOLEANS: Final[dict[str, tuple[str, ...]]] = {
    "mfa_authenticated": ("actor.session.is_mfa", "actor.session.mfa"),
    "read_only": ("unmapped.readOnly",),
    "management_event": ("unmapped.managementEvent",),
}


def _structure() -> dict[str, Any]:
    structure: dict[str, Any] = {"class_uid": "VARCHAR", "time": "VARCHAR", "resources": "JSON"}
    for paths in (*_PATHS.values(), *_BOOLEANS.values()):
        for path in paths:
            *above, last = path.split(".")
            at = structure
            for name in above:
                at = at.setdefault(name, {})
            at[last] = "VARCHAR"
    return structure


def _first(paths: tuple[str, ...]) -> str:
    values = ", ".join("r." + ".".join(f'"{name}"' for name in path.split(".")) for path in paths)
    return f"coalesce({values})"


def _select(file: str, _: str) -> str:
    rows = f"(SELECT to_json(t) AS j FROM read_parquet({file}, hive_partitioning = false) AS t)"
    source = f"(SELECT json_transform(j, {literal(json.dumps(_structure()))}) AS r FROM {rows})"
    return selected(
        EVENTS,
        {
            **{name: _first(paths) for name, paths in _PATHS.items()},
            **{name: f"TRY_CAST({_first(paths)} AS BOOLEAN)" for name, paths in _BOOLEANS.items()},
            "event_time": 'make_timestamptz(TRY_CAST(r."time" AS BIGINT) * 1000)',  # milliseconds
            "resources": "CAST(r.resources AS VARCHAR)",
        },
        f"{source} WHERE r.class_uid = '{API_ACTIVITY}'",
    )


SECURITY_LAKE: Final = Form("a file of Security Lake", EVENTS, _select, ready=True)
