"""OCSF 1.6: an API Activity (class 6003) for each event of CloudTrail, as a row of `aws_cloudtrail_log` has it.

https://schema.ocsf.io/1.6.0/classes/api_activity, with the profile `cloud`. What an event does is told by the verb that
its name begins with, and is `Other` where that tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final

from demarcate.base.moments import milliseconds
from demarcate.report import ocsf

_ACTIVITIES: Final = {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"}
_VERBS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("Create", "Run", "Add", "Register", "Import", "Allocate", "Issue"), 1),
    **dict.fromkeys(("Get", "List", "Describe", "Lookup", "Head", "Query", "Scan", "Search", "Select"), 2),
    **dict.fromkeys(("Update", "Modify", "Put", "Set", "Change", "Enable", "Disable", "Attach", "Detach"), 3),
    **dict.fromkeys(("Delete", "Remove", "Terminate", "Deregister", "Release", "Revoke"), 4),
}


def event(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event as OCSF has it. Raises ValueError for a row whose time is none, and KeyError for one without it."""
    activity = _activity(str(row["event_name"]))
    failed = bool(row.get("error_code"))
    moment = milliseconds(datetime.fromisoformat(str(row["event_time"])))
    told: dict[str, Any] = {
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": 6003,
        "class_name": "API Activity",
        "activity_id": activity,
        "activity_name": _ACTIVITIES[activity],
        "type_uid": 600300 + activity,
        "type_name": f"API Activity: {_ACTIVITIES[activity]}",
        "metadata": {
            **ocsf.METADATA,
            **({"uid": str(row["event_id"])} if row["event_id"] else {}),
            "event_code": str(row["event_name"]),
        },
        "time": moment,
        "severity_id": 1,
        "severity": "Informational",
        "status_id": 2 if failed else 1,
        "status": "Failure" if failed else "Success",
        "api": _api(row),
        "actor": _actor(row),
        "src_endpoint": _source(row),
        "cloud": _cloud(row),
        "http_request": {"user_agent": row["user_agent"]} if row.get("user_agent") else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _activity(name: str) -> int:
    return next((number for verb, number in _VERBS.items() if name.startswith(verb)), 99)


def _api(row: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operation": row["event_name"],
        "service": {"name": row.get("event_source") or "unknown"},
    }
    if row.get("request_id"):
        told["request"] = {"uid": row["request_id"]}
    if row.get("error_code"):
        told["response"] = _given(error=row["error_code"], error_message=row.get("error_message"))
    return told


def _actor(row: Mapping[str, Any]) -> dict[str, Any]:
    account = row.get("user_identity_account_id")
    user = _given(
        uid=row.get("user_identity_arn") or row.get("user_identity_principal_id"),
        name=row.get("user_identity_user_name"),
        type=row.get("user_identity_type"),
        account={"uid": account} if account else None,
    )
    return _given(user=user or None, app_name=row.get("user_identity_invoked_by") or (None if user else "unknown"))


def _source(row: Mapping[str, Any]) -> dict[str, Any]:
    """Where a call came from: an address, or the name of a service of AWS's."""
    source = str(row.get("source_ip_address") or "unknown")
    try:
        ip_address(source)
    except ValueError:
        return {"svc_name": source}
    return {"ip": source}


def _cloud(row: Mapping[str, Any]) -> dict[str, Any]:
    account = row.get("recipient_account_id")
    return _given(
        provider="AWS",
        region=row.get("aws_region"),
        account={"uid": account, "type_id": 10, "type": "AWS Account"} if account else None,
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
