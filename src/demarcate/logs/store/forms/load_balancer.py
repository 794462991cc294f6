"""Access logs of application load balancers: fields separated by spaces, some of them quoted.

Source of the form: the guide of Application Load Balancers, "Access logs for your Application Load Balancer". Fields
that have been added at the end of the line since are passed over, as that page asks for. Names of columns follow
Tailpipe's table of the same name. No field says whose the load balancer is: the name of the file does.
"""

from __future__ import annotations

from typing import Final

from demarcate.base.sql import literal
from demarcate.logs.store.forms import lines
from demarcate.logs.store.forms.form import Form, Table, lines_of, selected

TYPES: Final = ("http", "https", "h2", "grpcs", "ws", "wss")
"""What a line begins with."""

_COLUMNS: Final = {
    "type": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "elb": "VARCHAR",
    "client": "VARCHAR",
    "target": "VARCHAR",
    "request_processing_time": "DOUBLE",
    "target_processing_time": "DOUBLE",
    "response_processing_time": "DOUBLE",
    "elb_status_code": "INTEGER",
    "target_status_code": "INTEGER",
    "received_bytes": "BIGINT",
    "sent_bytes": "BIGINT",
    "request": "VARCHAR",
    "user_agent": "VARCHAR",
    "ssl_cipher": "VARCHAR",
    "ssl_protocol": "VARCHAR",
    "target_group_arn": "VARCHAR",
    "trace_id": "VARCHAR",
    "domain_name": "VARCHAR",
    "chosen_cert_arn": "VARCHAR",
    "matched_rule_priority": "INTEGER",
    "request_creation_time": "TIMESTAMPTZ",
    "actions_executed": "VARCHAR",
    "redirect_url": "VARCHAR",
    "error_reason": "VARCHAR",
    "target_list": "VARCHAR",
    "target_status_list": "VARCHAR",
    "classification": "VARCHAR",
    "classification_reason": "VARCHAR",
    "conn_trace_id": "VARCHAR",
}
_QUOTED: Final = frozenset(
    {
        *(
            "request",
            "user_agent",
            "trace_id",
            "domain_name",
            "chosen_cert_arn",
            "actions_executed",
            "redirect_url",
        ),
        *("error_reason", "target_list", "target_status_list", "classification", "classification_reason"),
    }
)
_SINCE: Final = "target_list"
"""From here on fields have been added since logs are written."""

REQUESTS: Final = Table(
    "aws_alb_access_log",
    {
        **{name: type_ for name, type_ in _COLUMNS.items() if name not in ("client", "target", "request")},
        "account_id": "VARCHAR",
        "client_ip": "VARCHAR",
        "client_port": "INTEGER",
        "target_ip": "VARCHAR",
        "target_port": "INTEGER",
        "request_http_method": "VARCHAR",
        "request_url": "VARCHAR",
        "request_http_version": "VARCHAR",
    },
    moment="timestamp",
    account="account_id",
    identity=None,
)


def _pattern() -> str:
    pattern, open_ = "^", 0
    for number, name in enumerate(_COLUMNS):
        field = r'"([^"]*)"' if name in _QUOTED else r"([^ ]*)"
        if name == _SINCE or open_:
            pattern, open_ = f"{pattern}(?: {field}", open_ + 1
        else:
            pattern += f"{' ' if number else ''}{field}"
    return pattern + ")?" * open_


def _part(value: str, pattern: str, group: int) -> str:
    return f"nullif(regexp_extract({value}, '{pattern}', {group}), '')"


def _select(file: str, header: str) -> str:
    expressions = lines.of_groups(REQUESTS.columns, _COLUMNS)
    # -1 is said for a time that there was not.
    for name in ("request_processing_time", "target_processing_time", "response_processing_time"):
        expressions[name] = f"nullif({expressions[name]}, -1)"
    for name in ("target_list", "target_status_list", "classification", "classification_reason", "conn_trace_id"):
        expressions[name] = f"nullif({expressions[name]}, '')"
    for side in ("client", "target"):
        value = f'r."{side}"'
        expressions[f"{side}_ip"] = _part(value, r"^\[?(.*?)\]?:([0-9]+)$", 1)
        expressions[f"{side}_port"] = f"TRY_CAST({_part(value, '^(.*):([0-9]+)$', 2)} AS INTEGER)"
    for number, name in enumerate(("request_http_method", "request_url", "request_http_version"), 1):
        expressions[name] = f"nullif({_part('r.request', '^([^ ]+) (.*) ([^ ]+)$', number)}, '-')"
    expressions["account_id"] = literal(header or None) + "::VARCHAR"
    return selected(REQUESTS, expressions, lines.matched(_pattern(), _COLUMNS, lines_of(file)))


LOAD_BALANCER: Final = Form("an access log of an application load balancer", REQUESTS, _select)
