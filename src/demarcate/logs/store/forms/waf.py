"""Traffic logs of AWS WAF: a JSON object a line.

Source of the form: the AWS WAF Developer Guide, "Log fields for protection pack (web ACL) traffic". Names of columns
follow Tailpipe's table of the same name; the members of the request are columns of their own.
"""

from __future__ import annotations

from typing import Final

from demarcate.base.sql import identifier
from demarcate.logs.store.forms.form import Form, Table, json_lines, selected

_TEXTS: Final = {
    "action": "action",
    "format_version": "formatVersion",
    "http_source_id": "httpSourceId",
    "http_source_name": "httpSourceName",
    "terminating_rule_id": "terminatingRuleId",
    "terminating_rule_type": "terminatingRuleType",
    "web_acl_id": "webaclId",
}
_JSON: Final = {
    "captcha_response": "captchaResponse",
    "challenge_response": "challengeResponse",
    "http_request": "httpRequest",
    "labels": "labels",
    "non_terminating_matching_rules": "nonTerminatingMatchingRules",
    "rate_based_rule_list": "rateBasedRuleList",
    "request_headers_inserted": "requestHeadersInserted",
    "rule_group_list": "ruleGroupList",
    "terminating_rule_match_details": "terminatingRuleMatchDetails",
}
_REQUEST: Final = {
    "client_ip": "clientIp",
    "country": "country",
    "uri": "uri",
    "args": "args",
    "http_version": "httpVersion",
    "http_method": "httpMethod",
    "request_id": "requestId",
}

REQUESTS: Final = Table(
    "aws_waf_traffic_log",
    {
        "timestamp": "TIMESTAMPTZ",
        "account_id": "VARCHAR",
        **{name: "INTEGER" if name == "format_version" else "VARCHAR" for name in _TEXTS},
        **dict.fromkeys((*_REQUEST, *_JSON), "VARCHAR"),
    },
    moment="timestamp",
    account="account_id",
    identity=None,
)


def _select(file: str, _: str) -> str:
    members = {
        "timestamp": "VARCHAR",
        **dict.fromkeys(_TEXTS.values(), "VARCHAR"),
        **dict.fromkeys(_JSON.values(), "JSON"),
    }
    expressions = {
        "timestamp": 'make_timestamptz(TRY_CAST("timestamp" AS BIGINT) * 1000)',  # milliseconds
        "account_id": "split_part(webaclId, ':', 5)",  # of an ARN
        **{name: identifier(member) for name, member in _TEXTS.items()},
        "format_version": "TRY_CAST(formatVersion AS INTEGER)",
        **{name: f"httpRequest->>'$.{member}'" for name, member in _REQUEST.items()},
        **{name: f"CAST({identifier(member)} AS VARCHAR)" for name, member in _JSON.items()},
    }
    return selected(REQUESTS, expressions, json_lines(file, members))


WAF: Final = Form("a traffic log of AWS WAF", REQUESTS, _select)
