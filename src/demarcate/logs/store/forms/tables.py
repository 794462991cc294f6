"""All tables of the store, by their names."""

from __future__ import annotations

from typing import Final

from demarcate.logs.store.forms import load_balancer, s3_access
from demarcate.logs.store.forms.cloudtrail import EVENTS
from demarcate.logs.store.forms.form import Table
from demarcate.logs.store.forms.resolver import QUERIES
from demarcate.logs.store.forms.vpc_flow import FLOWS
from demarcate.logs.store.forms.waf import REQUESTS

TABLES: Final[dict[str, Table]] = {
    table.name: table for table in (EVENTS, FLOWS, QUERIES, REQUESTS, load_balancer.REQUESTS, s3_access.REQUESTS)
}
