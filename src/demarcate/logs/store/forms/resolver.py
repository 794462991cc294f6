"""Query logs of the Route 53 resolver: a JSON object a line.

Source of the form: the Amazon Route 53 Developer Guide, "Values that appear in VPC Resolver query logs".
"""

from __future__ import annotations

from typing import Final

from demarcate.logs.store.forms.form import Form, Table, json_lines, moment, selected

_TEXTS: Final = (
    *("version", "account_id", "region", "vpc_id", "query_name", "query_type", "query_class", "rcode", "srcaddr"),
    *("srcport", "transport", "firewall_rule_action", "firewall_rule_group_id", "firewall_domain_list_id"),
)
_JSON: Final = ("answers", "srcids")

QUERIES: Final = Table(
    "aws_route53_resolver_query_log",
    {
        "query_timestamp": "TIMESTAMPTZ",
        **{name: "INTEGER" if name == "srcport" else "VARCHAR" for name in _TEXTS},
        **dict.fromkeys(_JSON, "VARCHAR"),
    },
    moment="query_timestamp",
    account="account_id",
    identity=None,
)


def _select(file: str, _: str) -> str:
    members = {"query_timestamp": "VARCHAR", **dict.fromkeys(_TEXTS, "VARCHAR"), **dict.fromkeys(_JSON, "JSON")}
    return selected(
        QUERIES,
        {
            "query_timestamp": moment("query_timestamp"),
            **{name: name for name in _TEXTS},
            "srcport": "TRY_CAST(srcport AS INTEGER)",
            **{name: f"CAST({name} AS VARCHAR)" for name in _JSON},
        },
        json_lines(file, members),
    )


RESOLVER: Final = Form("a query log of the Route 53 resolver", QUERIES, _select)
