"""S3's own access logs: fields separated by spaces, some of them quoted, and a date in brackets.

Source of the form: the Amazon S3 User Guide, "Amazon S3 server access log format". Fields that have been added at the
end of the line since are passed over. Names of columns follow Tailpipe's table of the same name. Whose the bucket is
stands there as a canonical user only: the account is that in the name of the file, where logs are delivered by date.
"""

from __future__ import annotations

import re
from typing import Final

from demarcate.base.sql import literal
from demarcate.logs.store.forms import lines
from demarcate.logs.store.forms.form import Form, Table, lines_of, selected

_COLUMNS: Final = {
    "bucket_owner": "VARCHAR",
    "bucket": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "remote_ip": "VARCHAR",
    "requester": "VARCHAR",
    "request_id": "VARCHAR",
    "operation": "VARCHAR",
    "key": "VARCHAR",
    "request_uri": "VARCHAR",
    "http_status": "INTEGER",
    "error_code": "VARCHAR",
    "bytes_sent": "BIGINT",
    "object_size": "BIGINT",
    "total_time": "BIGINT",
    "turn_around_time": "BIGINT",
    "referer": "VARCHAR",
    "user_agent": "VARCHAR",
    "version_id": "VARCHAR",
    "host_id": "VARCHAR",
    "signature_version": "VARCHAR",
    "cipher_suite": "VARCHAR",
    "authentication_type": "VARCHAR",
    "host_header": "VARCHAR",
    "tls_version": "VARCHAR",
    "access_point_arn": "VARCHAR",
    "acl_required": "VARCHAR",
}
_QUOTED: Final = frozenset({"request_uri", "referer", "user_agent"})
_SINCE: Final = "version_id"
"""From here on fields have been added since logs are written."""

REQUESTS: Final = Table(
    "aws_s3_server_access_log",
    {**_COLUMNS, "acl_required": "BOOLEAN", "account_id": "VARCHAR"},
    moment="timestamp",
    account="account_id",
    identity=None,
)

FIRST: Final = re.compile(r"[0-9a-f]{64} \S+ \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:")
"""How a line begins."""


def _pattern() -> str:
    pattern, open_ = "^", 0
    for number, name in enumerate(_COLUMNS):
        # A quoted text may have quotes in it that are not escaped: it ends where a quote and a space do, and the last
        # such text with the last quote of the line.
        quoted = r'(".*"|-)' if name == "user_agent" else r'(".*?"|-)'
        field = quoted if name in _QUOTED else r"\[([^\]]*)\]" if name == "timestamp" else r"([^ ]*)"
        if name == _SINCE or open_:
            pattern, open_ = f"{pattern}(?: {field}", open_ + 1
        else:
            pattern += f"{' ' if number else ''}{field}"
    return pattern + ")?" * open_


def _select(file: str, header: str) -> str:
    expressions = lines.of_groups(REQUESTS.columns, _COLUMNS)
    for name in _QUOTED:
        expressions[name] = f"nullif(regexp_replace(r.{name}, '^\"(.*)\"$', '\\1'), '-')"
    for name in list(_COLUMNS)[list(_COLUMNS).index(_SINCE) :]:
        expressions[name] = f"nullif({lines.typed(f'r.{name}', 'VARCHAR')}, '')"
    expressions["timestamp"] = "TRY_STRPTIME(r.timestamp, '%d/%b/%Y:%H:%M:%S %z')"
    expressions["acl_required"] = "r.acl_required = 'Yes'"
    expressions["account_id"] = literal(header or None) + "::VARCHAR"
    return selected(REQUESTS, expressions, lines.matched(_pattern(), _COLUMNS, lines_of(file)))


S3_ACCESS: Final = Form("an access log of S3", REQUESTS, _select)
