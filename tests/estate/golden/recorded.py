"""Rows of AWS Config, made by its real reading of items in which the whole answer of the API stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demarcate.base.documents import read
from demarcate.estate.schema.rows import Address, derive
from demarcate.estate.schema.table import Bulk, Table
from demarcate.estate.sources.config.items import ConfigurationItem, item_of
from demarcate.estate.sources.config.reading import Maker
from demarcate.estate.sources.config.recorded import Recorded
from demarcate.estate.sources.plan import TablePlan
from tests.estate.golden.forms import STEP, Form, answer_of, at
from tests.estate.golden.keeping import Kept
from tests.estate.golden.live import Told, listed
from tests.estate.golden.outline import Outline
from tests.estate.golden.templates import properties
from tests.estate.golden.values import ACCOUNT, REGION, text

FORMS: dict[str, dict[str, dict[str, Any]]] = read(
    Path(__file__).parent / "config.yaml", dict[str, dict[str, dict[str, Any]]]
)
"""What Config has in a form of its own, by type: members of the "item", its "configuration" and its
"supplementaryConfiguration"."""


def read_item(recorded: Recorded, plan: TablePlan, item: ConfigurationItem) -> Kept:
    """The rows of an item, and those derived from them."""
    kept = Kept()
    for row in Maker(recorded, plan.table, plan.columns).rows(item):
        place = Address(row["account_id"], row["region"], row["partition"], row["resource"])
        for child, derived in plan.children:
            kept.part(child, ()).append(derive(child, derived, row, place))
        if plan.kept:
            kept.part(plan.table, ()).append((row,))
    return kept


def item(recorded: Recorded, table: Table, members: Outline, variant: int) -> ConfigurationItem:
    """The item that Config would have of what the API tells, or for some types of what CloudFormation takes."""
    type_ = recorded.type
    supplementary: dict[str, Any] = {}
    if recorded.declared:
        configuration = {"Id": text(f"{type_}/Id"), **properties(table.types[0], type_, members, variant)}
    else:
        configuration, supplementary = _answered(recorded, table, Told(table, members, variant))
    forms = FORMS.get(type_, {})
    configuration |= forms.get("configuration", {})
    supplementary |= forms.get("supplementaryConfiguration", {})
    raw = {
        "resourceType": type_,
        "resourceId": text(f"{type_}/resourceId"),
        "ARN": f"arn:aws:service:{REGION}:{ACCOUNT}:{text(f'{type_}/ARN')}",
        "awsAccountId": ACCOUNT,
        "awsRegion": REGION,
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": "2026-01-01T00:00:00.000Z",
        "configuration": configuration,
        "supplementaryConfiguration": supplementary,
        "tags": {text(f"{type_}/tag-{n}"): text(f"{type_}/value-{n}") for n in "ab"},
        **forms.get("item", {}),
    }
    made = item_of(json.loads(json.dumps(raw, default=_plain)))
    assert made is not None
    return made


def _answered(recorded: Recorded, table: Table, told: Told) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration, and what stands beside it, of the API's answers."""
    value = listed(table, told)[0].value
    names = {api: config for config, api in recorded.names.items()}
    if recorded.value:
        configuration = {recorded.value: value}
    else:
        step = table.steps[-1]
        form = at(answer_of(step.operation), step.items)
        configuration = dict(_camel(*_within(value, form, recorded.at), names))
    supplementary = {}
    for name, beside in recorded.details.items():
        detail = table.details[name]
        answer = told.of(detail.operation, detail.steps[-1].params if isinstance(detail, Bulk) else detail.params)
        part = _camel(*_within(answer, answer_of(detail.operation), beside.at), names)
        if beside.entry:
            supplementary[beside.entry] = part
        elif isinstance(part, Mapping):
            configuration |= part
    return configuration, supplementary


def _within(value: Any, form: Form | None, path: str) -> tuple[Any, Form | None]:
    for name, _ in STEP.findall(path):
        value, form = value.get(name, {}), form.within(name) if form is not None else None
    return value, form


def _camel(value: Any, form: Form | None, names: Mapping[str, str]) -> Any:
    """A value with Config's names of members; keys of maps are data."""
    item = form.item() if form is not None and form.item is not None else None
    if isinstance(value, dict) and form is not None and form.kind == "map":
        return {key: _camel(member, item, names) for key, member in value.items()}
    if isinstance(value, dict):
        return {
            names.get(key) or key[:1].lower() + key[1:]: _camel(member, form and form.within(key), names)
            for key, member in value.items()
        }
    return [_camel(element, item, names) for element in value] if isinstance(value, list) else value


def _plain(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value.isoformat())
