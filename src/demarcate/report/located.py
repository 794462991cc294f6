"""The findings that have a file, for formats that know of nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from demarcate.checks.judgement import Finding
from demarcate.posture.assessment import Assessment
from demarcate.report.safe import counted


class Located:
    """The findings with a file, one after the other; when all are told, `left_out` says how many have none."""

    def __init__(self, assessment: Assessment) -> None:
        self._assessment = assessment
        self._nowhere = 0

    def __iter__(self) -> Iterator[Finding]:
        for finding in self._assessment.findings():
            if finding.file is None:
                self._nowhere += 1
            else:
                yield finding

    @property
    def left_out(self) -> list[str]:
        """What was not told so far, a sentence each."""
        return without_file(self._nowhere)


def without_file(number: int) -> list[str]:
    """That so many findings have no file; nothing where all have one."""
    return [f"{counted(number, 'finding')} without a file: they are about no template"] if number else []
