"""Each type as AWS Config records it: the rows that are made of it, and what stays unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.estate.sources.config.recorded import all_recorded
from tests.estate.config.estate import Case, cases, deliver, item, matching, queried, rows, snapshot_of

CASES = cases()


@pytest.mark.parametrize("form", [lambda raw: raw, queried], ids=["snapshot", "query"])
@pytest.mark.parametrize("name", CASES)
def test_an_item_becomes_rows(name: str, form: object, tmp_path: Path) -> None:
    case = CASES[name]
    raw = form(item(case))  # type: ignore[operator]
    snapshot = snapshot_of(deliver(tmp_path, [raw]), tables=tuple(case.rows))
    assert not snapshot.unread
    for table, wanted in case.rows.items():
        made = rows(snapshot, table)
        assert len(made) == len(wanted), table
        for row in wanted:
            assert matching(made, row), (table, row, made)
        for row in made:
            assert row["account_id"] == "123456789012"
            assert row["resource"], table
    for table, columns in case.unknown.items():
        (row,) = rows(snapshot, table)
        for column, why in columns.items():
            assert row[column] is None, (table, column, row[column])
            assert why in row["_unknown"][column]["reason"], (table, column)


def test_every_type_and_table_has_a_case() -> None:
    given = {(case.type, table) for case in CASES.values() for table, filled in case.rows.items() if filled}
    recorded = {
        (recorded_as.type, recorded_as.table)
        for recordings in all_recorded().values()
        for recorded_as in recordings
    }
    assert recorded <= given


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if any(case.rows.values())])
def test_every_null_has_its_reason(name: str, tmp_path: Path) -> None:
    case: Case = CASES[name]
    snapshot = snapshot_of(deliver(tmp_path, [item(case)]), tables=tuple(case.rows))
    common = {"file", "line", "_alternatives", "_conditional", "_companion", "_unknown", "_assigned", "_partial"}
    for row in (row for recorded_as in all_recorded()[case.type] for row in rows(snapshot, recorded_as.table)):
        nulls = {name for name, value in row.items() if value is None} - common
        assert nulls == set(row["_unknown"] or {})
