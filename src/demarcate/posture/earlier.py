"""An earlier assessment, to compare a later one with: a kept folder, or a JSON report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, is_folder, read_bytes
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.posture.assessment import Assessment
from demarcate.posture.kept import is_assessment, read_side
from demarcate.posture.news import Seen, Side, compare, files_of, side_of
from demarcate.posture.structs import Judged

VERSION: Final = 1
"""The version of the JSON report that is read."""

LARGEST: Final = 100_000_000
"""How many bytes a JSON report may have: those of 150,000 findings. It takes some four times as much memory."""


class _Form(msgspec.Struct):
    version: int


class _Gap(msgspec.Struct, frozen=True):
    file: str | None = None


class _NotRun(msgspec.Struct, frozen=True):
    check: str
    reason: str


class _Report(msgspec.Struct, frozen=True):
    """Of a JSON report, what is compared. Those of before there was `judged` do not have it."""

    moment: str
    origin: str
    unread: tuple[_Gap, ...]
    not_run: tuple[_NotRun, ...]
    findings: tuple[Seen, ...]
    judged: Judged | None = None


def earlier(path: Path) -> Side:
    """An earlier assessment. Raises DemarcateError where it is none, is damaged, or of another version."""
    if is_folder(path):
        if not is_assessment(path):
            raise DemarcateError(f"{path}: not an assessment; name what assess --save kept, or a JSON report")
        return read_side(path)
    try:
        raw = read_bytes(path, LARGEST)
    except TooLarge as error:
        why = f"has more than {LARGEST:,} bytes; keep assessments as large as this with assess --save DIR, and name DIR"
        raise DemarcateError(f"{path}: {why}") from error
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        version = from_json(raw, _Form).version
        if version > VERSION:
            raise DemarcateError(
                f"{path}: written by a newer version (report version {version}; this one reads {VERSION}): "
                "upgrade demarcate to read it"
            )
        report = from_json(raw, _Report)
    except ValueError as error:
        raise DemarcateError(f"{path}: is no JSON report of an assessment: {error}") from error
    if report.judged is None:
        raise DemarcateError(f"{path}: does not say what was judged, as reports do since: assess again")
    return Side(
        moment=report.moment,
        origin=report.origin,
        judged=report.judged,
        left_out={entry.check: entry.reason for entry in report.not_run},
        torn=files_of(gap.file for gap in report.unread),
        findings={seen.id: seen for seen in report.findings if seen.verdict != "pass"},
    )


def with_news(assessment: Assessment, before: Side) -> Assessment:
    """An assessment with what is other than in an earlier one."""
    after = side_of(assessment.posture, assessment.findings(), partial(_is_there, assessment.snapshot))
    return replace(assessment, news=compare(before, after))


def _is_there(snapshot: Snapshot, seen: Seen) -> bool:
    """Whether a template still declares the resource of a finding: then its checks judged it."""
    if not snapshot.has_rows(seen.table) or seen.resource is None:
        return False
    with snapshot.cursor() as cursor:
        row = cursor.execute(
            f"SELECT count(*) FROM {snapshot.rows_in(seen.table)} WHERE resource = $resource AND file = $file",
            {"resource": seen.resource, "file": seen.file},
        ).fetchone()
    return bool(row and row[0])
