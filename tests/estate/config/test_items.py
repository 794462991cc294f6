"""Each type as AWS Config records it: the rows that are made of it, and what stays unknown."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.config.recorded import all_recorded
from tests.each import each
from tests.estate.config.estate import (
    ACCOUNT,
    Case,
    Raw,
    cases,
    deliver,
    item,
    matching,
    named,
    queried,
    rows,
    snapshot_of,
)

CASES = cases()
FORMS: dict[str, Callable[[Raw], Raw]] = {"snapshot": lambda raw: raw, "query": queried}


def apart(place: int, case: Case) -> tuple[str, Case]:
    """A case in an account of its own: all are collected at once, and none sees another's."""
    account = f"{900_000_000_000 + place}"
    text = msgspec.json.encode(case).decode()
    return account, msgspec.json.decode(text.replace(ACCOUNT, account), type=Case)


APART = {name: apart(place, case) for place, (name, case) in enumerate(CASES.items())}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    """The snapshot of all cases, in each form."""
    snapshots = {}
    for form, as_form in FORMS.items():
        folder = tmp_path_factory.mktemp(form)
        for account, case in APART.values():
            deliver(folder, [as_form(item(case, awsAccountId=account))], named(account=account))
        tables = {table for case in CASES.values() for table in case.rows}
        snapshots[form] = snapshot_of(folder, tables=sorted(tables))
    return snapshots


@each("form, name", [(form, name) for form in FORMS for name in CASES])
def test_an_item_becomes_rows(form: str, name: str, collected: dict[str, Snapshot]) -> None:
    account, case = APART[name]
    snapshot = collected[form].of([account])
    assert not [gap for gap in snapshot.unread if gap.file is not None or {*gap.missing} & {*case.rows}]
    for table, wanted in case.rows.items():
        given = rows(snapshot, table)
        assert len(given) == len(wanted), table
        for row in wanted:
            assert matching(given, row), (table, row, given)
        for row in given:
            assert row["account_id"] == account
            assert row["resource"], table
    for table, columns in case.unknown.items():
        (row,) = rows(snapshot, table)
        for column, why in columns.items():
            assert row[column] is None, (table, column, row[column])
            assert why in row["_unknown"][column]["reason"], (table, column)


def test_every_type_and_table_has_a_case() -> None:
    given = {(case.type, table) for case in CASES.values() for table, wanted in case.rows.items() if wanted}
    recorded = {(told.type, told.table) for items in all_recorded().values() for told in items}
    assert recorded <= given


@each("name", [name for name, case in CASES.items() if any(case.rows.values())])
def test_every_null_has_its_reason(name: str, collected: dict[str, Snapshot]) -> None:
    account, case = APART[name]
    snapshot = collected["snapshot"].of([account])
    common = {"file", "line", "_alternatives", "_conditional", "_companion", "_unknown", "_partial", "_assigned"}
    for row in (row for recorded in all_recorded()[case.type] for row in rows(snapshot, recorded.table)):
        nulls = {name for name, value in row.items() if value is None} - common
        assert nulls == set(row["_unknown"] or {})
