"""Snapshots, checks, templates and evidence whose every text is hostile: `hostile.json` has the texts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from demarcate.assessing import assess_sources
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import AccountNote, Unread
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from demarcate.posture import kept as kept_assessment

TEXTS: list[str] = json.loads(Path(__file__).with_name("hostile.json").read_text())

RESPONSIBILITY = "encryption.enable-at-rest"
ATTESTED = "patch-management.test-patches-in-staging"


def snapshot(out: Path) -> Path:
    """A snapshot of a live estate: its rows, and all of its manifest that is text."""
    volumes = table("aws_ebs_volume")
    with SnapshotWriter("live", "origin " + "".join(TEXTS), out=out) as writer:
        for number, text in enumerate(TEXTS):
            part = writer.part(volumes, [column.name for column in volumes.all_columns], text, f"region {text}")
            part.append([_volume(number, text)])
            part.seal()
            writer.unread(
                Unread(
                    kind=Kind.MALFORMED,
                    reason=text,
                    account=text,
                    region=text,
                    operation=text,
                    table="aws_ebs_snapshot",
                ),
                Unread(kind=Kind.MALFORMED, reason=f"reason {text}", file=text, line=number),
            )
        writer.resources |= dict.fromkeys(TEXTS, 1)
        writer.accounts += [
            AccountNote(id=text, name=text, units=(text,), tags={text: text}, skipped=text, not_enabled=(text,))
            for text in TEXTS
        ]
        writer.finish()
    path = out / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"demarcate": TEXTS[0]}))
    return out


def _volume(number: int, text: str) -> dict[str, Any]:
    return {
        "resource": text,
        "volume_id": text,
        "arn": text,
        "account_id": text,
        "region": f"region {text}",
        "encrypted": None if number % 2 else False,
        "size": -number,
        "tags": {text: text, "Name": text},
        "attached_instance_ids": [text, text],
        "_unknown": {"encrypted": {"kind": text, "reason": text}},
    }


def kept(out: Path) -> Path:
    """A kept assessment of these."""
    folders = snapshot(out.with_name("kept-snapshot")), checks(out.with_name("kept-checks"))
    with assess_sources([folders[0]], check_folders=[folders[1]], tags=["Name"]) as assessment:
        kept_assessment.save(assessment, out)
    return out


def quoted(text: str) -> str:
    """Text as a double-quoted scalar of YAML."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def checks(folder: Path) -> Path:
    """A folder of checks, with an id, title, remedy, reason and references of each text."""
    lines = []
    for number, text in enumerate(TEXTS):
        lines += [
            f"- id: {quoted(f'{number} {text}')}",
            f"  title: {quoted(text)}",
            f"  responsibility: {RESPONSIBILITY}",
            "  table: aws_ebs_volume",
            "  pass: encrypted",
            f"  fail: {quoted(text.replace('{', '{{').replace('}', '}}') + ' {volume_id}')}",
            "  severity: critical",
            f"  remedy: {quoted(text)}",
            f"  severity-why: {quoted(text)}",
            f"  refs: {{{quoted(text)}: {quoted(text)}}}",
            f"  related: {{{quoted(text)}: {{{quoted(text)}: {quoted(text)}}}}}",
        ]
    folder.mkdir()
    (folder / "mine.yaml").write_text("\n".join(lines))
    return folder


def templates(folder: Path) -> Path:
    """A folder of templates: names of files, logical ids, values, and what is said of what cannot be read."""
    folder.mkdir()
    for number, text in enumerate(TEXTS):
        name = text.replace("/", "_").replace("\0", "_")
        resources = {
            f"Volume{number}": {
                "Type": "AWS::EC2::Volume",
                "Properties": {"Encrypted": False, "Size": 8, "Tags": [{"Key": text, "Value": text}]},
            },
            text: {"Type": "AWS::EC2::Volume", "Properties": {"Encrypted": {"Ref": text}, "Size": text}},
            f"Strange{number}": {"Type": text},
        }
        (folder / f"{name}.json").write_text(json.dumps({"Resources": resources}))
    (folder / "broken.json").write_text('{"Resources": {"' + json.dumps(TEXTS[0])[1:-1] + '": 1, ')
    (folder / os.fsdecode(b"not \xff UTF-8.json")).write_text(
        json.dumps({"Resources": {"Of": {"Type": "AWS::EC2::Volume", "Properties": {"Encrypted": False}}}})
    )
    return folder


def evidence(folder: Path) -> Path:
    """A folder of evidence: believed and refused."""
    (folder / "training").mkdir(parents=True)
    lines = []
    for text in TEXTS:
        for responsibility in (ATTESTED, quoted(text)):
            lines += [
                f"- responsibility: {responsibility}",
                f"  statement: {quoted(f'It is so. {text}')}",
                "  scope: all",
                f"  by: {quoted(f'by {text}')}",
                "  on: 2026-01-01",
                "  valid-until: 2099-01-01",
            ]
    (folder / "attestations.yaml").write_text("\n".join(lines))
    (folder / "training" / f"{TEXTS[0].replace('/', '_')}.csv").write_bytes(
        b"person,course,responsibility,completed,passed,score\n" + "\n".join(TEXTS).encode()
    )
    return folder


def strings(value: Any) -> set[str]:
    """All texts within a value that was read from JSON."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set(value).union(*map(strings, value.values()))
    return set().union(*map(strings, value)) if isinstance(value, list) else set()


def document(text: str) -> Any:
    """JSON, held to the standard by a strict reader."""
    return msgspec.json.decode(text)
