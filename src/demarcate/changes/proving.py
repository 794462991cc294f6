"""Whether edits of what declares an estate come to what was meant: it is judged again, and nothing else may fail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.differing import differing
from demarcate.estate.snapshots.snapshot import Snapshot

Key = tuple[str, str | None, str | None]
"""A check, and the file and logical id of a resource."""

NO_EDIT: Final = "no edit of its own properties makes the check pass"


class Proving:
    """What is declared before edits, as it is judged: what fails or is not known, and what passes some checks, too.

    `then` are the findings that fail by the edits that were right last, of checks that were not about their resources
    before: of versions that nothing deletes, where there were none.
    """

    def __init__(self, snapshot: Snapshot, checks: Mapping[str, Check], passing: Collection[str] = ()) -> None:
        self._snapshot, self._checks = snapshot, checks
        self._about: dict[str, frozenset[Key]] = {}
        self.findings = _judged(snapshot, checks, passing)
        self.failing = {key: finding for key, finding in self.findings.items() if finding.verdict == "fail"}
        self.then: tuple[Finding, ...] = ()

    def why_wrong(self, after: Snapshot, findings: Sequence[Finding]) -> str | None:
        """Why edits for findings are not what was meant; None where they are."""
        left = _judged(after, self._checks)
        for finding in findings:
            other = left.get(key_of(finding))
            if other is not None:
                return (
                    NO_EDIT if other.verdict == "fail" else f"whether it passes then is not known: {other.reason}"
                )
        meant = {key_of(finding)[1:] for finding in findings}
        then = []
        for key, other in left.items():
            if other.verdict != "fail" or key in self.failing:
                continue
            if key[1:] not in meant or key in self._were(key[0]):
                return f"{other.check} would fail of {other.resource}: {other.reason}"
            then.append(other)
        self.then = tuple(then)
        return None

    def why_more(self, after: Snapshot, findings: Sequence[Finding], added: Collection[str]) -> str | None:
        """Why edits for findings make others of more than their resources; None where they do not.

        `added` are the addresses of resources that an edit makes.
        """
        meant = {key_of(finding)[1:] for finding in findings}
        for _, was, row in differing(self._snapshot, after):
            if (row["file"], row["resource"]) not in meant and (was or row["resource"] not in added):
                return f"the edit would change {row['resource']}, in {row['file']}, as well"
        return None

    def _were(self, check: str) -> frozenset[Key]:
        """What a check was about before."""
        if check not in self._about:
            judgement = judge(self._snapshot, [self._checks[check]], passes=True)
            self._about[check] = frozenset(map(key_of, judgement.findings()))
            judgement.close()
        return self._about[check]


def key_of(finding: Finding) -> Key:
    """Which check a finding is of, and what it is about."""
    return finding.check, finding.file, finding.resource


def _judged(snapshot: Snapshot, checks: Mapping[str, Check], passing: Collection[str] = ()) -> dict[Key, Finding]:
    """What fails, or is not known, and what passes some checks: of several findings one that fails."""
    judgement = judge(snapshot, checks.values(), passing=passing)
    findings: dict[Key, Finding] = {}
    for finding in judgement.findings(passes=bool(passing)):
        key = key_of(finding)
        if finding.verdict == "fail" or key not in findings:
            findings[key] = finding
    judgement.close()
    return findings
