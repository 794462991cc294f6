"""What evidence is worth."""

from __future__ import annotations

from datetime import date

import pytest

from demarcate.evidence.contradictions import overlap
from demarcate.evidence.structs import Evidence, EvidenceKind, EvidenceResult, Record, Scope
from demarcate.evidence.weigh import weigh
from tests.evidence.conftest import MOMENT, Given

ID = "a.b"
PAST, OLD, NEXT = date(2026, 6, 1), date(2025, 6, 1), date(2027, 6, 1)


def record(
    kind: EvidenceKind = "attestation",
    title: str = "It is so",
    by: str = "person-01",
    on: date | None = PAST,
    until: date | None = NEXT,
    met: bool = True,
    scope: Scope | None = None,
    line: int = 1,
) -> Record:
    return Record(
        kind=kind,
        responsibilities=(ID,),
        title=title,
        by=by,
        on=on,
        valid_until=until,
        met=met,
        scope=scope or Scope(),
        file="f",
        line=line,
    )


def results(*records: Record) -> tuple[EvidenceResult, ...]:
    return weigh(Evidence(records=records), MOMENT).get(ID, ())


def trained(by: str, on: date | None = PAST, until: date | None = NEXT, met: bool = True, line: int = 1) -> Record:
    return record("training", "Basics", by, on, until, met, line=line)


# --- One by one -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["attestation", "drill", "phishing", "report", "training"])
@pytest.mark.parametrize(
    ("on", "until", "met", "standing"),
    [
        (PAST, NEXT, True, "proves"),
        (MOMENT, MOMENT, True, "proves"),
        (PAST, NEXT, False, "failed"),
        (OLD, date(2026, 11, 22), True, "expired"),
    ],
)
def test_standing(kind: EvidenceKind, on: date, until: date, met: bool, standing: str) -> None:
    assert [result.standing for result in results(record(kind, on=on, until=until, met=met))] == [standing]


def test_a_declared_gap_ends_with_its_validity() -> None:
    assert results(record(on=OLD, until=PAST, met=False))[0].standing == "expired"


def test_a_report_whose_period_begins_later() -> None:
    assert results(record("report", on=date(2026, 12, 1)))[0].standing == "not-yet-valid"


def test_a_result_says_all_that_was_written() -> None:
    written = record(scope=Scope(regions=("eu-central-1",)), line=7)
    assert results(written) == (
        EvidenceResult(
            kind="attestation",
            title="It is so",
            standing="proves",
            by="person-01",
            on="2026-06-01",
            valid_until="2027-06-01",
            scope=Scope(regions=("eu-central-1",)),
            file="f",
            line=7,
        ),
    )


def test_the_newest_comes_first() -> None:
    weighed = results(record(title="old", on=OLD), record("report", "new"), record("drill", "now", on=MOMENT))
    assert [result.title for result in weighed] == ["now", "new", "old"]


def test_one_piece_of_evidence_may_prove_several_responsibilities() -> None:
    written = Record(
        kind="report",
        responsibilities=("x.y", "a.b"),
        title="t",
        by="AWS",
        on=OLD,
        valid_until=NEXT,
        file="f",
        line=1,
    )
    assert list(weigh(Evidence(records=(written,)), MOMENT)) == ["a.b", "x.y"]


@pytest.mark.parametrize("kind", ["drill", "phishing"])
def test_the_newest_of_one_name_counts(kind: EvidenceKind) -> None:
    good, bad = record(kind, on=OLD), record(kind, on=PAST, met=False)
    assert [result.standing for result in results(bad, good)] == ["failed"]
    assert [result.standing for result in results(bad, record(kind, on=MOMENT))] == ["proves"]
    assert [result.standing for result in results(bad, record(kind, on=PAST))] == ["proves"], (
        "later on the same day"
    )
    assert len(results(bad, record(kind, "Another"))) == 2


# --- Training -------------------------------------------------------------------------------------------


def test_a_course_that_all_have_done() -> None:
    early = trained("person-02", OLD, date(2026, 12, 1), line=2)
    [result] = results(trained("person-01"), early, trained("person-03"))
    assert (result.standing, result.detail, result.by) == ("proves", "3 of 3 have done it", "3 people")
    assert (result.on, result.valid_until, result.line) == ("2026-06-01", "2026-12-01", 2)


@pytest.mark.parametrize(
    "missing",
    [
        trained("person-02", None, None, line=5),
        trained("person-02", met=False, line=5),
        trained("person-02", OLD, date(2026, 11, 22), line=5),
    ],
    ids=["not done", "not passed", "too long ago"],
)
def test_a_course_that_some_have_not_done(missing: Record) -> None:
    [result] = results(trained("person-01"), missing)
    assert (result.standing, result.detail) == ("incomplete", "1 of 2 have done it; missing: person-02")
    assert (result.valid_until, result.line) == (None, 5)


def test_only_a_few_people_are_named() -> None:
    [result] = results(trained("person-00"), *(trained(f"person-{n:02}", None, None) for n in range(1, 12)))
    assert result.detail == "1 of 12 have done it; missing: person-01, person-02, person-03 and 8 more"


def test_the_newest_record_of_a_person_counts() -> None:
    failed, again = trained("person-01", OLD, met=False), trained("person-01", PAST)
    for order in ((failed, again), (again, failed)):
        assert results(*order)[0].standing == "proves"
    assert results(trained("person-01", OLD), trained("person-01", PAST, met=False))[0].standing == "failed"


@pytest.mark.parametrize("order", [1, -1])
def test_an_open_assignment_does_not_undo_what_was_done(order: int) -> None:
    assert results(*[trained("person-01"), trained("person-01", None, None)][::order])[0].standing == "proves"


def test_a_course_that_is_too_long_ago_for_all() -> None:
    [result] = results(trained("person-01", OLD, PAST), trained("person-02", OLD, date(2026, 5, 1), line=2))
    assert (result.standing, result.detail) == ("expired", "2 of 2 did it, too long ago")
    assert (result.valid_until, result.line) == ("2026-05-01", 2)


def test_a_course_that_is_too_long_ago_for_one_and_not_done_by_the_other() -> None:
    assert results(trained("person-01", OLD, PAST), trained("person-02", None, None))[0].standing == "incomplete"


def test_a_course_that_nobody_has_passed() -> None:
    [result] = results(trained("person-01", met=False), trained("person-02", met=False))
    assert (result.standing, result.detail) == ("failed", "0 of 2 have done it; missing: person-01, person-02")


def test_a_course_that_nobody_has_done() -> None:
    [result] = results(trained("person-01", None, None))
    assert (result.standing, result.by, result.on) == ("incomplete", "person-01", None)


def test_courses_count_by_themselves() -> None:
    other = record("training", "Advanced", "person-02", None, None)
    assert {result.title: result.standing for result in results(trained("person-01"), other)} == {
        "Basics": "proves",
        "Advanced": "incomplete",
    }


# --- Contradictions -------------------------------------------------------------------------------------

EU, US = Scope(regions=("eu-central-1", "eu-west-1")), Scope(regions=("us-east-1",))
EU_RDS, PRODUCTION = Scope(regions=("eu-west-1",), services=("rds",)), Scope(accounts=("111122223333",))


@pytest.mark.parametrize(
    ("first", "other", "expected"),
    [
        (Scope(), Scope(), True),
        (Scope(), US, True),
        (EU, US, False),
        (EU, EU_RDS, True),
        (US, EU_RDS, False),
        (PRODUCTION, US, True),
        (PRODUCTION, Scope(accounts=("444455556666",), regions=("us-east-1",)), False),
        (EU_RDS, Scope(services=("s3",)), False),
    ],
)
def test_scopes_overlap(first: Scope, other: Scope, expected: bool) -> None:
    assert overlap(first, other) == overlap(other, first) == expected
    standings = {result.standing for result in results(record(scope=first), record(scope=other, met=False))}
    assert standings == ({"contradicted"} if expected else {"proves", "failed"})


def test_all_that_contradict_are_contradicted() -> None:
    weighed = results(
        record(line=1), record(line=2), record(met=False, line=3), record(scope=EU, met=False, line=4)
    )
    assert {result.standing for result in weighed} == {"contradicted"}
    weighed = results(record(scope=US, line=1), record(scope=EU, line=2), record(scope=EU, met=False, line=3))
    assert [(result.line, result.standing) for result in weighed] == [
        (1, "proves"),
        (2, "contradicted"),
        (3, "contradicted"),
    ]


@pytest.mark.parametrize(
    "other", [record(until=date(2026, 11, 22), met=False), record("drill", met=False)], ids=["ended", "a drill"]
)
def test_what_does_not_contradict(other: Record) -> None:
    assert "contradicted" not in {result.standing for result in results(record(), other)}


def test_contradictions_last_as_long_as_both_are_in_force() -> None:
    weighed = results(record(until=MOMENT), record(on=MOMENT, met=False))
    assert [result.standing for result in weighed] == ["contradicted", "contradicted"]


def test_a_contradiction_is_a_problem_that_names_both(given: Given) -> None:
    yes = """
- responsibility: [incident-response.notify-aws, incident-response.know-legal-route]
  statement: They know.
  by: platform team
  on: 2026-09-01
  valid-until: 2027-09-01
"""
    no = yes.replace("valid-until", "met: false\n  valid-until").replace("[incident-response.notify-aws, ", "[")
    evidence = given({"attestations/a.yaml": yes, "attestations/b.yaml": "\n" + no, "attestations/c.yaml": yes})
    assert [str(problem) for problem in evidence.problems] == [
        "evidence/attestations/b.yaml:3: says that incident-response.know-legal-route is not met, but "
        "evidence/attestations/a.yaml:2 and 1 more says that it is, for the same time and scope: neither is believed; "
        "end one (valid-until) or narrow its scope"
    ]
    assert len(evidence.records) == 3
    weighed = weigh(evidence, MOMENT)
    assert {result.standing for result in weighed["incident-response.know-legal-route"]} == {"contradicted"}
    assert {result.standing for result in weighed["incident-response.notify-aws"]} == {"proves"}
