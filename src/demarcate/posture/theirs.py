"""What other tools found, as they wrote it: Prowler, Security Hub, AWS Config, Inspector and Checkov, as JSON.

Of a finding only what is compared is kept: the tool, its check, its verdict on which resource, when and why. One that
is not as its tool writes it is a problem, and the rest goes on.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, read_bytes
from demarcate.base.limits import shortened
from demarcate.evidence.problems import Problems, Unusable
from demarcate.evidence.texts import decode
from demarcate.posture.told import Reader, Told
from demarcate.posture.told_by_aws import evaluation, inspector, rule, security_hub
from demarcate.posture.told_by_scanners import checkov, ocsf

LARGEST: Final = 300_000_000
"""How many bytes a file of findings may have, which are held in memory: Prowler's take about 8,000 for each finding."""

KNOWN: Final = (
    "JSON of Prowler (OCSF or ASFF), of Security Hub (get-findings), of AWS Config "
    "(describe-compliance-by-config-rule, get-compliance-details-by-config-rule), of Inspector (list-findings) "
    "or of Checkov"
)


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """All that some files tell: each verdict once, the latest, and how many were of what is no more, or of nothing."""

    told: tuple[Told, ...]
    passed_over: int = 0
    problems: tuple[str, ...] = ()


def read_theirs(files: Iterable[Path]) -> Theirs:
    """What some files tell. Raises DemarcateError for one that cannot be read, or is of no tool that is known."""
    problems, latest, passed_over = Problems(), dict[tuple[str | None, ...], Told](), 0
    for path in files:
        for told in _of_file(path, problems):
            if told is None:
                passed_over += 1
                continue
            key = (told.tool, told.check, told.resource, told.account, told.region, told.file)
            before = latest.get(key)
            if before is None or _rank(told) > _rank(before):
                latest[key] = told
    return Theirs(
        told=tuple(latest.values()), passed_over=passed_over, problems=tuple(map(str, problems.listed()))
    )


def _rank(told: Told) -> tuple[str, int]:
    """Which of two verdicts on the same thing counts: the later one, and of two at once the worse."""
    return (told.on or "", ("pass", "unknown", "fail").index(told.verdict))


def _of_file(path: Path, problems: Problems) -> Iterator[Told | None]:
    try:
        raw = read_bytes(path, LARGEST)
    except TooLarge as error:
        raise DemarcateError(f"{path}: has more than {LARGEST:,} bytes; divide it into several files") from error
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    text: bytes | str = raw.removeprefix(codecs.BOM_UTF8)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = decode(raw, str(path))  # as PowerShell writes what a command prints
    try:
        entries = _entries(text)
    except ValueError as error:
        raise DemarcateError(f"{path}: is no {KNOWN}: {error}") from error
    unknown = 0
    for number, (form, entry) in enumerate(entries, start=1):
        reader = form or _form_of(entry)
        if reader is None:
            unknown += 1
            continue
        try:
            yield from reader(entry)
        except (ValueError, Unusable) as why:
            problems.add(str(path), None, f"finding {number:,}: {shortened(str(why))}; it is left out")
    if unknown and unknown == len(entries):
        raise DemarcateError(f"{path}: is no {KNOWN}")
    if unknown:
        problems.add(str(path), None, f"{unknown:,} of {len(entries):,} findings are in no form that is known")


def _entries(text: bytes | str) -> list[tuple[Reader | None, msgspec.Raw]]:
    """The findings of a file, each with how it is read, or None where it has to say that itself. Raises ValueError."""
    if text[:4096].lstrip()[:1] in (b"[", "["):
        return [(None, entry) for entry in from_json(text, list[msgspec.Raw])]
    document = from_json(text, dict[str, msgspec.Raw])
    for key, reader in _LISTS.items():
        if key in document:
            return [(reader, entry) for entry in from_json(document[key], list[msgspec.Raw])]
    return [(None, msgspec.Raw(text))]


def _form_of(entry: msgspec.Raw) -> Reader | None:
    """How a finding is read; None where it is of nobody who is known."""
    try:
        keys = from_json(entry, dict[str, msgspec.Raw])
    except ValueError:
        return None
    return next((reader for key, reader in _FORMS.items() if key in keys), None)


def _nothing(entry: msgspec.Raw) -> Iterator[Told | None]:  # noqa: ARG001 - what Checkov writes where it read no file
    yield from ()


_LISTS: Final[dict[str, Reader | None]] = {
    "Findings": security_hub,
    "findings": inspector,
    "EvaluationResults": evaluation,
    "ComplianceByConfigRules": rule,
}
"""What is read of an answer of AWS, by the key of its list."""

_FORMS: Final[dict[str, Reader]] = {
    "GeneratorId": security_hub,
    "finding_info": ocsf,
    "findingArn": inspector,
    "results": checkov,
    "checkov_version": _nothing,
    "EvaluationResultIdentifier": evaluation,
    "ConfigRuleName": rule,
}
"""What is read of a finding, by a key that no other has."""
