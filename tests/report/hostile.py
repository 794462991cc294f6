"""Snapshots, checks, templates and evidence whose every text is hostile: `hostile.json` has the texts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from demarcate.assessing import assess_sources
from demarcate.base.encoding import to_json
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.drift.structs import AwsResult, Cause, Comparison, Drift, DriftKind
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import AccountNote, Unread
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from demarcate.evidence.waivers import file_waivers
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger
from demarcate.posture import kept as kept_assessment
from demarcate.report import drift as drift_report
from demarcate.report.out import saving

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
    accepted = [file_waivers(waivers(out.with_name("kept-waivers")) / "waivers.yaml")]
    with assess_sources([folders[0]], check_folders=[folders[1]], tags=["Name"], waivers=accepted) as assessment:
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
            f"  refs: {{{quoted(text)}: {quoted(text)}, security-hub: H.{number}}}",
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
                "Metadata": {
                    "Demarcate": {"waive": [{"check": text, "reason": text, "owner": text, "until": text}]}
                },
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


def theirs(folder: Path) -> Path:
    """What Checkov, Security Hub and Prowler found, with every text of each."""
    folder.mkdir()
    asff = {"SchemaVersion": "2018-10-08", "GeneratorId": "security-control/EC2.3"}
    checkov = [
        {
            "check_id": text,
            "check_name": text,
            "check_result": {"result": "FAILED"},
            "resource": text,
            "file_path": text,
        }
        for text in TEXTS
    ]
    findings: list[dict[str, Any]] = [
        {"check_type": text, "results": {"failed_checks": checkov}} for text in TEXTS
    ]
    findings += [
        asff
        | {"AwsAccountId": text, "Title": text, "Region": text, "UpdatedAt": text, "ProductName": text}
        | {"Compliance": {"Status": "PASSED", "SecurityControlId": control}, "Resources": [{"Id": text}]}
        for number, text in enumerate(TEXTS)
        for control in (f"H.{number}", text)
    ]
    findings += [
        asff | {"AwsAccountId": "a", "Compliance": {"Status": text}, "Resources": [{"Id": "x"}]} for text in TEXTS
    ]
    (folder / "theirs.json").write_text(json.dumps(findings))
    return folder


def waivers(folder: Path) -> Path:
    """Waivers that hold, and that are refused, of the checks and the snapshot; and a mutelist of Prowler."""
    lines = []
    for number, text in enumerate(TEXTS):
        for check in (f"{number} {text}", text):
            lines += [
                f"- check: {quoted(check)}",
                f"  scope: {{resources: [{quoted(f'{text}*')}], tags: {{{quoted(text)}: {quoted(text)}}}}}",
                f"  reason: {quoted(f'Accepted. {text}')}",
                f"  owner: {quoted(f'by {text}')}",
                "  until: 2099-01-01",
            ]
    muted = {text: {"Regions": ["*"], "Resources": [text], "Description": text} for text in TEXTS}
    folder.mkdir()
    (folder / "waivers.yaml").write_text("\n".join(lines))
    (folder / "mutelist.yaml").write_text(json.dumps({"Mutelist": {"Accounts": {"*": {"Checks": muted}}}}))
    return folder


def before(out: Path) -> Path:
    """A kept assessment of the snapshot, in which the checks were not there yet."""
    with assess_sources([snapshot(out.with_name("before-snapshot"))]) as assessment:
        kept_assessment.save(assessment, out)
    return out


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


def ledger(folder: Path) -> Path:
    """A ledger: evidence, a baseline and a change of which every text is hostile."""
    folder.mkdir()
    step = Step(
        account=TEXTS[0],
        region=TEXTS[0],
        resource=TEXTS[6],
        do=Operation(name=TEXTS[0], parameters={text: [text] for text in TEXTS}),
        reads=Read(operation=Operation(name="s3.get_bucket_versioning")),
        before={text: text for text in TEXTS},
        done="@",
        undo=Undo(why_not=" ".join(TEXTS)),
        checks=tuple(TEXTS),
        findings=tuple(TEXTS),
        declared=TEXTS[6],
    )
    change = Change(id=CHANGE, title=" ".join(TEXTS), origin="hand", source=TEXTS[6], steps=(step,))
    named = {
        "name": TEXTS[6],
        "version": 1,
        "digest": "",
        "origin": TEXTS[6],
        "moment": TEXTS[6],
        "source": TEXTS[0],
    }
    with Ledger(str(folder / "ledger.sqlite")) as opened:
        for text in TEXTS:
            actor = Actor(person=text, caller=text)
            opened.append(
                actor,
                Act(kind=text, authority=text, finding=text, account=text, before=text, after={text: text}),
                Act(kind="baseline-set", after=named),
            )
        opened.append(actor, Act(kind="change-planned", change=CHANGE, after=msgspec.to_builtins(change)))
        opened.append(actor, Act(kind="change-rejected", change=CHANGE, after={"reason": " ".join(TEXTS)}))
    return folder


CHANGE = "c-00000000"


def events(folder: Path) -> Path:
    """A file of CloudTrail of which every text that is told is hostile, and one that cannot be read."""
    folder.mkdir()
    records = [
        {
            "eventType": "AwsApiCall",
            "eventTime": "2026-11-20T10:00:00Z",
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": name,
            "awsRegion": text,
            "eventID": text,
            "userIdentity": {"type": type_, "arn": text, "accountId": text, "principalId": text},
            "requestParameters": {"name": text},
        }
        for text in TEXTS
        for type_ in ("IAMUser", text)
        for name in ("StopLogging", text)
    ]
    (folder / "log.json").write_text(json.dumps({"Records": records}))
    (folder / f"{quoted(TEXTS[6])[:60]}.json".replace("/", "_")).write_text("{")
    statement = {"Sid": TEXTS[6], "Effect": "Deny", "Action": "*", "Resource": TEXTS[6]}
    (folder / "policy.txt").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return folder


DRIFT = Comparison(
    declared="templates " + TEXTS[0],
    live="aws " + TEXTS[1],
    moment="2026-11-01T00:00:00+00:00",
    drifts=tuple(
        Drift(
            kind=kind,
            table="aws_ebs_volume",
            resource=f"{text}{number}",
            account=text,
            region=text,
            column=f"size{number}",
            declared={text: [text]},
            live=[text],
            reason=text,
            logical_id=text,
            file=text,
            line=1,
            causes=(Cause(event=text, by=text, at=text),),
        )
        for kind in DriftKind
        for number, text in enumerate(TEXTS)
    ),
    resources=1,
    values=1,
    aws=tuple(
        AwsResult(by=text, resource=text, account=text, region=text, status=text, in_sync=False) for text in TEXTS
    ),
)
"""Drift of every kind, of which all that anybody could write is hostile."""


def drift(file: Path) -> Path:
    """That drift as `demarcate drift --out` writes it, in a file."""
    file = file.with_suffix(".json")
    with saving(file) as out:
        drift_report.write_json(DRIFT, out)
    return file


def rules(folder: Path) -> Path:
    """Rules of Sigma of which every text that is told is hostile, some of them broken."""
    folder.mkdir()
    source = {"product": "aws", "service": "cloudtrail"}
    for number, text in enumerate(TEXTS):
        rule = {
            "title": text[:200] or "empty",
            "name": f"{number} {text}",
            "author": text,
            "license": text,
            "description": text,
            "references": [text],
            "falsepositives": [text],
            "logsource": source if number % 4 else {"product": text},
            "detection": {
                "a": {"eventName": ["StopLogging", text], text or "x": text},
                "b": {"eventName": "StopLogging"},
                "condition": "a or b" if number % 3 else text,
            },
            "demarcate": {
                "remedy": text,
                "responsibility": text,
                "examples": {"fires": [{"eventName": text}], "silent": [{"eventName": "StopLogging"}]},
            },
        }
        (folder / f"{number}.yml").write_text(json.dumps(rule))
    hostile = {"title": "hostile", "name": "hostile", "logsource": source}
    asked = {"detection": {"a": {"eventName": "StopLogging"}, "condition": "a"}}
    (folder / "hostile.yml").write_text(json.dumps(hostile | asked))
    return folder


def components(folder: Path) -> Path:
    """OSCAL component definitions, one of each text, whose links lead nowhere."""
    folder.mkdir()
    for number, text in enumerate(TEXTS):
        component = {
            "uuid": f"{number} {text}",
            "title": text,
            "links": [{"href": f"#{text}"}],
            "control-implementations": [{"source": text, "implemented-requirements": [{"control-id": text}]}],
        }
        resource = {"uuid": text, "rlinks": [{"href": text}]}
        definition = {
            "metadata": {"oscal-version": "1.2.1" if number else text},
            "components": [component],
            "back-matter": {"resources": [resource]},
        }
        (folder / f"{number}.json").write_text(json.dumps({"component-definition": definition}))
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


def logs(folder: Path) -> Path:
    """A log store with events of which every text is hostile."""
    from demarcate.logs.store.folders import Folder
    from demarcate.logs.store.ingesting import ingest

    records = [
        {
            "eventSource": text,
            "eventName": text,
            "eventID": text,
            "userAgent": text,
            "requestParameters": {text: text},
        }
        for text in TEXTS
    ]
    made = folder.with_name("log-files")
    made.mkdir()
    (made / "a.json").write_bytes(to_json({"Records": records}))
    ingest([Folder(made)], folder, workers=1)
    return folder
