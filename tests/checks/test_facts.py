"""Facts that age: what is in them, how long they are believed, and how a user's own take their place."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.base.documents import DocumentError
from demarcate.base.errors import DemarcateError
from demarcate.checks import facts, missing
from demarcate.checks.engine import judge
from demarcate.estate.tables import all_tables, table
from tests.checks.comparisons import SOURCE, facts_compared
from tests.checks.test_engine import check, snapshot, told, volume

TODAY = date(2026, 11, 28)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder without facts, which are read anew."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    _forget()
    yield tmp_path / "demarcate"
    _forget()


def _forget() -> None:
    facts.facts_of.cache_clear()
    facts._own.cache_clear()


def test_every_table_that_takes_facts_has_a_file_that_fits_it() -> None:
    assert {path.stem for path in facts.FOLDER.glob("*.yaml")} == {
        t.name for t in all_tables().values() if t.facts
    }
    for of, kept in facts.tables_of_facts():
        facts.check_rows(of, kept.key, kept.compared, of.name)
        assert kept.all() and kept.believed_for_days <= 365


def names(service: str, shape: str) -> set[str]:
    """The values of an enumeration of AWS's API."""
    named = botocore.session.get_session().get_service_model(service).shape_for(shape)
    return set(named.enum)  # type: ignore[attr-defined]


def rows(name: str) -> dict[str, dict[str, Any]]:
    """The rows of a table of facts, by the first column of its key."""
    kept = facts.facts_of(name)
    assert kept is not None
    return {fact.row[kept.key[0]]: fact.row for fact in kept.all()}


def test_there_is_a_fact_of_every_runtime_that_lambda_names() -> None:
    assert set(rows("aws_lambda_runtime")) >= names("lambda", "Runtime")


@pytest.mark.parametrize(
    ("service", "shape"),
    [
        ("cloudfront", "MinimumProtocolVersion"),
        ("apigateway", "SecurityPolicy"),
        ("opensearch", "TLSSecurityPolicy"),
    ],
)
def test_there_is_a_fact_of_every_security_policy(service: str, shape: str) -> None:
    kept = facts.facts_of("aws_tls_policy")
    assert kept is not None
    assert {fact.row["name"] for fact in kept.all() if fact.row["service"] == service} >= names(service, shape)


def test_what_is_patched_no_more_was_patched_until_a_day() -> None:
    """What AWS gives no day for is in preview, or its publisher's."""
    undated = {name for name, row in rows("aws_lambda_runtime").items() if "deprecation_date" not in row}
    assert undated == {"custom", "nodejs26.x", "python3.15"}


def test_no_kubernetes_version_is_left_out_and_each_is_supported_for_14_and_26_months() -> None:
    versions = rows("aws_eks_cluster_version")
    minors = sorted(int(version.removeprefix("1.")) for version in versions)
    assert minors == list(range(minors[0], minors[-1] + 1))
    for version, row in versions.items():
        standard, extended = (
            date.fromisoformat(row[f"end_of_{kind}_support_date"]) for kind in ("standard", "extended")
        )
        assert (extended.year - standard.year, extended.month, extended.day) == (1, standard.month, standard.day)
        if "release_date" in row:
            released = date.fromisoformat(row["release_date"])
            months = (standard.year - released.year) * 12 + standard.month - released.month
            assert 13 <= months <= 15, version


def test_extended_support_ends_after_standard_support() -> None:
    for of, kept in facts.tables_of_facts():
        for fact in kept.all():
            ends = [facts.day_of(fact.row.get(f"end_of_{kind}_support")) for kind in ("standard", "extended")]
            assert ends[1] is None or (ends[0] is not None and ends[0] < ends[1]), (of.name, fact.row)


@given(
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.integers(1, 400),
    st.lists(st.integers(0, 4000), min_size=2, max_size=6).map(sorted),
)
def test_a_failure_never_turns_into_anything_else_as_facts_age(end: date, days: int, ages: list[int]) -> None:
    """Verdicts over time: passed, then failed or unknown, and neither ends."""
    compared = date(2026, 1, 1)
    (fact,) = facts_compared(compared, {"name": "x", "end": end.isoformat()}, days=days).all()

    def verdict(age: int) -> bool | None:
        now = datetime.combine(compared, datetime.min.time(), UTC) + timedelta(days=age)
        believed = fact.believed(now)["end"]
        return None if believed is None else date.fromisoformat(believed) > now.date()

    verdicts = [verdict(age) for age in ages]
    for before, after in itertools.pairwise(verdicts):
        assert after == before or before is True


def test_a_row_that_an_account_does_not_tell_is_looked_up_in_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = facts_compared(
        TODAY,
        {"cluster_version": "1", "end_of_standard_support_date": "2020-01-01"},
        {"cluster_version": "2", "end_of_standard_support_date": "2020-01-01"},
        days=9000,
        key="cluster_version",
    )
    monkeypatch.setattr(missing, "facts_of", lambda name: ours if name == "aws_eks_cluster_version" else None)
    taken = snapshot(
        {
            "aws_eks_cluster": [volume("a", version="1"), volume("b", version="2"), volume("c", version="3")],
            "aws_eks_cluster_version": [
                volume("v", cluster_version="1", end_of_standard_support_date="2040-01-01T00:00:00")
            ],
        }
    )
    sql = (
        "(select v.end_of_standard_support_date from aws_eks_cluster_version v where v.cluster_version = version)"
    )
    judged = judge(taken, [check(f"{sql} > now()", "aws_eks_cluster")], passes=True)
    assert [(name, verdict) for name, verdict, _ in told(judged)] == [
        ("a", "pass"),
        ("b", "fail"),
        ("c", "unknown"),
    ]


def document(checked: str = "2026-11-01", **rows_of: Any) -> str:
    """A document of one comparison a table."""
    return json.dumps({name: [{"source": SOURCE, "checked": checked, "rows": of}] for name, of in rows_of.items()})


NEW = {"name": "cobol85", "deprecation_date": "2031-01-01"}


def test_what_a_user_updates_is_believed_where_it_was_compared_later(home: Path) -> None:
    before = facts.fingerprint(["aws_lambda_runtime"])
    older = {"name": "python3.8", "deprecation_date": "2031-01-01"}
    text = document("2026-11-01", aws_lambda_runtime=[NEW, {"name": "java8", "deprecation_date": "2031-01-01"}])
    facts.update(text, "new.json", TODAY)
    assert rows("aws_lambda_runtime")["cobol85"] == NEW
    assert rows("aws_lambda_runtime")["java8"]["deprecation_date"] == "2031-01-01"
    assert facts.fingerprint(["aws_lambda_runtime"]) != before
    facts.update(document("2020-01-01", aws_lambda_runtime=[older]), "old.json", TODAY)
    assert rows("aws_lambda_runtime")["python3.8"]["deprecation_date"] == "2024-10-14"
    assert "cobol85" not in rows("aws_lambda_runtime")
    assert [path.name for path in home.iterdir()] == ["facts.yaml"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expected `object`"),
        ("{}", "has no facts"),
        ("[1]", "Expected `object`"),
        ("{aws_ebs_volume: []}", "no table that facts fill"),
        ("{nonsense: []}", "no table that facts fill"),
        (document(aws_lambda_runtime=[NEW | {"colour": "red"}]), "no column 'colour'"),
        (document(aws_lambda_runtime=[NEW | {"deprecation_date": "soon"}]), "deprecation_date is no TIMESTAMP"),
        (document(aws_lambda_runtime=[NEW | {"is_custom": "no"}]), "is_custom is no BOOLEAN"),
        (document(aws_lambda_runtime=[{"is_custom": True}]), "a row lacks name"),
        (document(aws_lambda_runtime=[NEW, NEW]), "two rows of it"),
        (document("2026-12-24", aws_lambda_runtime=[NEW]), "which is not yet"),
        (document("soon", aws_lambda_runtime=[NEW]), "date"),
        (document(aws_lambda_runtime=[NEW]).replace("https", "http"), "source"),
    ],
)
def test_facts_that_do_not_fit_replace_nothing(text: str, why: str, home: Path) -> None:
    facts.update(document(aws_lambda_runtime=[NEW]), "good.json", TODAY)
    kept = (home / "facts.yaml").read_bytes()
    with pytest.raises(DocumentError, match=why):
        facts.update(text, "bad.json", TODAY)
    assert (home / "facts.yaml").read_bytes() == kept
    assert [path.name for path in home.iterdir()] == ["facts.yaml"]


def test_a_damaged_file_of_the_users_is_said_and_not_passed_over(home: Path) -> None:
    home.mkdir()
    (home / "facts.yaml").write_text("{aws_lambda_runtime: [{")
    with pytest.raises(DemarcateError, match="update these facts again, or remove the file"):
        facts.facts_of("aws_lambda_runtime")


def test_tables_of_facts_are_tables() -> None:
    assert all(table(of.name) is of for of, _ in facts.tables_of_facts())
