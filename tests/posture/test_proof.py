"""What evidence does to a state: it proves, it breaks, or it counts for nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.assessing import assess_sources
from demarcate.estate.sources.interface import Options
from demarcate.evidence.load import folder_evidence
from demarcate.evidence.structs import EvidenceResult, Scope
from demarcate.model import load
from demarcate.posture.proof import Covered, covers, weigh_proofs
from demarcate.posture.structs import Posture

MODEL = load()
ATTESTED = next(
    r
    for r in MODEL.responsibilities
    if r.party == "customer" and r.proof_kinds == ("attestation",) and not r.when and r.services == "all"
)
TRAINED = next(r for r in MODEL.responsibilities if r.proof_kinds == ("training",))
NAMED = next(
    r
    for r in MODEL.responsibilities
    if r.party == "customer" and isinstance(r.services, tuple) and r.proof_kinds == ("attestation",)
)
TWO = Covered(accounts=("1", "2"), regions=("eu-west-1",), services=frozenset({"ec2", "rds"}))
TEMPLATES = Covered(accounts=(), regions=(), services=frozenset({"ec2"}))


def result(standing: Any = "proves", **values: Any) -> EvidenceResult:
    given = {
        "kind": "attestation",
        "title": "It is done",
        "by": "security team",
        "on": "2026-01-01",
        "valid_until": "2027-01-01",
        "file": "evidence/attestations.yaml",
        "line": 1,
        **values,
    }
    return EvidenceResult(standing=standing, **given)


@pytest.mark.parametrize(
    ("scopes", "estate", "whole"),
    [
        ([Scope()], TWO, True),
        ([Scope(accounts=("1",))], TWO, False),
        ([Scope(accounts=("1",)), Scope(accounts=("2",))], TWO, True),
        ([Scope(accounts=("1", "2"), regions=("eu-west-1",))], TWO, True),
        ([Scope(accounts=("1", "2"), regions=("us-east-1",))], TWO, False),
        ([Scope(accounts=("1",))], TEMPLATES, False),
        ([Scope(services=("ec2",))], TWO, False),
    ],
)
def test_scopes_cover_the_estate_only_together(scopes: list[Scope], estate: Covered, whole: bool) -> None:
    everything = next(r for r in MODEL.responsibilities if r.services == "all")
    assert covers(scopes, everything, estate) is whole


def test_a_scope_of_services_covers_a_responsibility_that_is_about_no_others() -> None:
    estate = Covered(accounts=("1",), regions=("eu-west-1",), services=frozenset(NAMED.services))
    assert covers([Scope(services=tuple(NAMED.services))], NAMED, estate)


@pytest.mark.parametrize(
    ("results", "proves", "breaks", "needs"),
    [
        ([], 0, 0, "needs an attestation"),
        ([result()], 1, 0, ""),
        ([result("expired", valid_until="2026-08-29")], 0, 0, "expired on 2026-08-29"),
        ([result("not-yet-valid")], 0, 0, "not valid yet"),
        ([result("contradicted"), result("expired")], 0, 0, "contradicts another"),
        ([result("failed")], 0, 1, ""),
        ([result("failed"), result()], 1, 1, ""),
        ([result(scope=Scope(accounts=("1",)))], 0, 0, "only part of the estate (1)"),
        ([result(kind="training")], 0, 0, "needs an attestation"),
    ],
)
def test_what_evidence_comes_to(results: list[EvidenceResult], proves: int, breaks: int, needs: str) -> None:
    weighed = weigh_proofs(ATTESTED, results, TWO)
    assert (len(weighed.proves), len(weighed.breaks)) == (proves, breaks)
    assert needs in "; ".join(weighed.needs)
    assert bool(weighed.needs) == bool(needs)


VOLUME = """
Resources:
  V: {Type: "AWS::EC2::Volume", Properties: {Encrypted: true, Tags: [{Key: team, Value: shop}]}}
"""
MOMENT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def assessed(folder: Path, attestation: dict[str, Any], **values: Any) -> Posture:
    (folder / "t.yaml").write_text(VOLUME)
    evidence = folder / "evidence"
    evidence.mkdir(exist_ok=True)
    (evidence / "attestations.yaml").write_bytes(msgspec.yaml.encode([attestation]))
    return assess_sources(
        [folder / "t.yaml"],
        Options(moment=MOMENT),
        evidence=[folder_evidence(evidence)],
        checks=["ebs-volume-encrypted"],
        **values,
    ).posture


def attestation(**values: Any) -> dict[str, Any]:
    return {
        "responsibility": ATTESTED.id,
        "statement": "It is done",
        "scope": "all",
        "by": "security team",
        "on": "2026-01-01",
        "valid-until": "2027-01-01",
        **values,
    }


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "met"),
        ({"valid-until": "2026-11-22"}, "unproven"),
        ({"met": False}, "gap"),
        ({"on": "2026-11-24"}, "unproven"),
        ({"scope": {"accounts": ["123456789012"]}}, "unproven"),
    ],
)
def test_the_state_that_an_attestation_leads_to(values: dict[str, Any], state: str, tmp_path: Path) -> None:
    posture = assessed(tmp_path, attestation(**values))
    attested = {responsibility.id: responsibility for responsibility in posture.responsibilities}[ATTESTED.id]
    assert attested.state == state
    assert attested.because
    assert bool(posture.refused) == ("on" in values), "what was done tomorrow is not believed"
    assert (attested.severity is None) == (state != "gap")


def test_what_expires_soon_is_told_and_what_expired_is_not(tmp_path: Path) -> None:
    soon = assessed(tmp_path, attestation(**{"valid-until": "2026-12-23"}))
    assert [(responsibility.id, result.valid_until) for responsibility, result in soon.expiring()] == [
        (ATTESTED.id, "2026-12-23")
    ]
    assert not assessed(tmp_path, attestation(**{"valid-until": "2026-12-24"})).expiring()
    assert not assessed(tmp_path, attestation(**{"valid-until": "2026-11-22"})).expiring()


def test_counts_by_the_values_of_a_tag(tmp_path: Path) -> None:
    (tmp_path / "u.yaml").write_text(
        "Resources:\n  U: {Type: 'AWS::EC2::Volume', Properties: {Encrypted: false}}\n"
    )
    (tmp_path / "t.yaml").write_text(VOLUME)
    posture = assess_sources([tmp_path], checks=["ebs-volume-encrypted"], tags=["team", '$.weird "key']).posture
    by_team = posture.tags["team"]
    assert (by_team["shop"].met, by_team["shop"].gaps) == (1, 0)
    assert (by_team[""].met, by_team[""].gaps) == (0, 1)
    assert set(posture.tags['$.weird "key']) == {""}
