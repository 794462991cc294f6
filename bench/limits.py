"""Measures inputs just below the limits, each a whole command: python bench/limits.py [NAME...]

Seconds are those of the processor, so that other work on the machine changes them less; most of these runs use one
core at a time. An input below its limit takes ten seconds and 500 MB at most (SECURITY.md).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from events import write_events
from measuring import cost
from run import template

from tests.estate.terraform.plans import plan, state

SECONDS, MEGABYTES = 10.0, 500.0
ACCOUNT = "123456789012"
BUCKET = "Resources: {B: {Type: 'AWS::S3::Bucket'}}\n"
Command = tuple[str, ...]


def small_templates(folder: Path, files: int) -> Command:
    for number in range(files):
        (folder / f"stack-{number:05}.yaml").write_text(template(9).replace("prod", f"p{number}"))
    return "assess", str(folder)


def large_templates(folder: Path) -> Command:
    for number in range(5):
        (folder / f"{number}.yaml").write_text(template(5_000)[:1_990_000].rpartition("\n  Resource")[0] + "\n")
    return "assess", str(folder)


def nested_stacks(folder: Path) -> Command:
    stack = (
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml, Parameters: {Environment: 'N'}}}"
    )
    stacks = "".join(f"  S{number}: {stack.replace('N', f'n{number}')}\n" for number in range(1_999))
    (folder / "root.yaml").write_text(f"Resources:\n{stacks}")
    (folder / "child.yaml").write_text(template(4))
    return "assess", str(folder)


def one_policy(folder: Path) -> Command:
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject", f"ec2:Describe{n}*"], "Resource": f"arn:aws:s3:::b{n}/*"}
        for n in range(15_000)
    ]
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": statements}}}
    (folder / "t.json").write_text(json.dumps({"Resources": {"P": policy}}))
    return "assess", str(folder / "t.json")


def lint_policy(folder: Path) -> Command:
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{n:012}:root"},
            "Action": "s3:Get*",
            "Resource": f"*{n}*",
        }
        for n in range(4_900)
    ]
    (folder / "p.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return "policy", "lint", str(folder / "p.json"), "--kind", "resource"


def tags(folder: Path) -> Command:
    for number in range(6):
        resources = {
            f"B{n}": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"Tags": [{"Key": f"k{tag}", "Value": f"v{n}"} for tag in range(50)]},
            }
            for n in range(1_150)
        }
        (folder / f"{number}.json").write_text(json.dumps({"Resources": resources}))
    return "assess", str(folder)


def config_statements(folder: Path) -> Command:
    items = []
    for role in range(300):
        policies = []
        for number in range(4):
            statements = [
                {
                    "Effect": "Allow",
                    "Action": ("s3:GetObject", "iam:PassRole", "ec2:Describe*", "kms:Decrypt")[n % 4],
                    "Resource": f"arn:aws:s3:::bucket-{role}-{number}-{n}/*",
                }
                for n in range(100)
            ]
            policies.append({"policyName": f"p{number}", "policyDocument": json.dumps({"Statement": statements})})
        items.append(
            {
                "resourceType": "AWS::IAM::Role",
                "resourceId": f"r{role}",
                "resourceName": f"r{role}",
                "ARN": f"arn:aws:iam::{ACCOUNT}:role/r{role}",
                "awsAccountId": ACCOUNT,
                "awsRegion": "global",
                "configurationItemCaptureTime": "2026-11-28T00:00:00.000Z",
                "configurationItemStatus": "OK",
                "configuration": {"roleName": f"r{role}", "rolePolicyList": policies},
            }
        )
    _config(folder, items)
    return "assess", str(folder)


def config_volumes(folder: Path) -> Command:
    items = [
        {
            "resourceType": "AWS::EC2::Volume",
            "resourceId": f"vol-{n:017}",
            "ARN": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/vol-{n:017}",
            "awsAccountId": ACCOUNT,
            "awsRegion": "eu-west-1",
            "configurationItemCaptureTime": "2026-11-28T00:00:00.000Z",
            "configurationItemStatus": "OK",
            "configuration": {
                "volumeId": f"vol-{n:017}",
                "encrypted": n % 50 > 0,
                "size": n % 500,
                "state": "in-use",
            },
            "tags": {"env": "prod", "owner": f"team-{n % 40}"},
        }
        for n in range(100_000)
    ]
    _config(folder, items)
    return "assess", str(folder)


def _config(folder: Path, items: list[Any]) -> None:
    name = f"{ACCOUNT}_Config_eu-west-1_ConfigSnapshot_20261128T000000Z_a.json"
    told = {"fileVersion": "1.0", "configSnapshotId": "a", "configurationItems": items}
    (folder / name).write_text(json.dumps(told))


def _volumes(count: int, address: str = 'aws_ebs_volume.v["{}"]') -> dict[str, dict[str, Any]]:
    words = {"description": "x" * 400, "tags": {"env": "prod", "owner": "team"}}
    return {
        address.format(n): {
            "availability_zone": "eu-west-1a",
            "size": n % 500,
            "encrypted": n % 50 > 0,
            "type": "gp3",
            **words,
        }
        for n in range(count)
    }


def terraform_plan(folder: Path) -> Command:
    resources = {address: {"values": values} for address, values in _volumes(69_000).items()}
    return _sized(folder / "plan.json", plan(resources), 100_000_000)


def terraform_plan_of_many(folder: Path) -> Command:
    resources = {address: {"values": values} for address, values in _volumes(45_500, "aws_ebs_volume.v{}").items()}
    return _sized(folder / "plan.json", plan(resources), 100_000_000)


def terraform_state(folder: Path) -> Command:
    return _sized(folder / "state.json", state(_volumes(99_000)), 100_000_000)


def _sized(path: Path, told: Any, most: int) -> Command:
    text = json.dumps(told)
    if len(text) > most:
        raise SystemExit(f"{path.name} has {len(text):,} characters")
    path.write_text(text)
    return "assess", str(path)


def refused_plan(folder: Path) -> Command:
    with (folder / "plan.json").open("wb") as file:
        file.write(b'{"format_version": "1.2", "planned_values": {"root_module": {"resources": [')
        file.write(b'"x",' * 125_000_000)
    return "assess", str(folder / "plan.json")


def assembly(folder: Path) -> Command:
    metadata, artifacts = {}, {}
    for number in range(4_300):
        text = template(9)
        (folder / f"s{number}.template.json").write_text(text)
        metadata = {f"/s{number}/r{n}": [{"type": "aws:cdk:logicalId", "data": f"Resource{n}"}] for n in range(9)}
        artifacts[f"s{number}"] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"s{number}.template.json"},
            "metadata": metadata,
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    return "assess", str(folder)


def _prowler(size: int) -> Iterator[str]:
    written, number = 1, 0
    while written < size - 10_000:
        arn = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/vol-{number}"
        told = json.dumps(
            {
                "message": "m" * 3_000,
                "metadata": {
                    "event_code": "ec2_ebs_volume_encryption",
                    "product": {"name": "Prowler"},
                    "version": "1.4.0",
                },
                "finding_info": {"uid": f"prowler-{number}", "desc": "d" * 4_000},
                "status_code": "FAIL",
                "status_detail": f"EBS Volume vol-{number} is unencrypted.",
                "time_dt": "2025-11-23T00:00:00.000000",
                "resources": [{"uid": arn, "name": f"vol-{number}", "region": "eu-west-1"}],
                "cloud": {"account": {"uid": ACCOUNT}, "provider": "aws"},
            }
        )
        yield ("[" if not number else ",") + told
        written, number = written + len(told) + 1, number + 1
    yield "]"


def their_findings(folder: Path) -> Command:
    with (folder / "prowler.json").open("w") as file:
        file.writelines(_prowler(300_000_000))
    (folder / "t.yaml").write_text(BUCKET)
    return "assess", str(folder / "t.yaml"), "--findings-of", str(folder / "prowler.json")


def since(folder: Path) -> Command:
    """The findings are copies of one assessment's, so that making them takes little."""
    (folder / "t.yaml").write_text(template(900))
    made = [sys.executable, "-m", "demarcate", "assess", str(folder / "t.yaml"), "--format", "json"]
    report = json.loads(subprocess.run(made, check=False, capture_output=True).stdout)
    once = report["findings"]
    each = sum(len(json.dumps(finding)) + 2 for finding in once) + 10 * len(once)
    report["findings"] = [
        {**finding, "id": f"{number:04x}{finding['id'][4:]}", "file": f"{number}/{finding['file']}"}
        for number in range(98_000_000 // each)
        for finding in once
    ]
    (folder / "earlier.json").write_text(json.dumps(report))
    return "assess", str(folder / "t.yaml"), "--since", str(folder / "earlier.json")


def evidence(folder: Path) -> Command:
    (folder / "evidence").mkdir()
    with (folder / "evidence" / "training.csv").open("w") as file:
        file.write("person,course,responsibility,completed\n")
        for number in range(620_000):
            file.write(f"person-{number},AWS security,awareness-and-training.train-employees,2026-02-04\n")
    (folder / "t.yaml").write_text(BUCKET)
    return "assess", str(folder / "t.yaml"), "--evidence", str(folder / "evidence")


def waivers(folder: Path) -> Command:
    with (folder / "waivers.yaml").open("w") as file:
        for number in range(14_500):
            file.write(
                f"- {{check: ebs-volume-encrypted, scope: {{resources: ['Resource{number}*']}}, "
                "reason: Scratch space, owner: me@example.com, until: 2027-06-30}\n"
            )
    (folder / "t.yaml").write_text(template(2_000))
    return "assess", str(folder / "t.yaml"), "--waivers", str(folder / "waivers.yaml"), "--as-of", "2026-11-29"


def logs(folder: Path) -> Command:
    write_events(folder / "files", 95_000, 95_000)  # one document of some 120 MB
    return "logs", "ingest", str(folder / "files"), "--store", str(folder / "store")


def rules(folder: Path) -> Command:
    with (folder / "rules.yml").open("w") as file:
        for number in range(4_800):
            file.write(
                f"title: Rule {number}\nname: rule-{number}\nid: {number:08}-0000-4000-8000-000000000000\n"
                "logsource: {product: aws, service: cloudtrail}\nlevel: medium\nstatus: test\n"
                f"detection:\n  a: {{eventSource: iam.amazonaws.com, eventName|startswith: [Create{number}, Delete]}}\n"
                f"  b: {{userAgent|contains: tool-{number}}}\n  condition: a and not b\n---\n"
            )
    return "detections", "list", "--rules", str(folder), "--only"


INPUTS: dict[str, tuple[str, Callable[[Path], Command]]] = {
    "templates": (
        "4,300 templates of nine resources: 10 million characters",
        partial(small_templates, files=4_300),
    ),
    "beyond": ("15,088 of them: what is beyond that is left out", partial(small_templates, files=15_088)),
    "large": ("5 templates of 2 MB, 25,000 resources", large_templates),
    "nested": ("a template nested 1,999 times", nested_stacks),
    "policy": ("a template of one policy of 15,000 statements", one_policy),
    "lint": ("`policy lint` of 4,900 statements that overlap", lint_policy),
    "tags": ("345,000 tags in templates", tags),
    "config": ("AWS Config: 120,000 statements of policies, 16 MB", config_statements),
    "volumes": ("AWS Config: 100,000 volumes, 44 MB", config_volumes),
    "plan": ("a plan of Terraform of 69,000 resources, 99 MB", terraform_plan),
    "blocks": ("a plan of Terraform of 45,500 resources, each written by itself", terraform_plan_of_many),
    "state": ("a state of Terraform of 99,000 resources, 69 MB", terraform_state),
    "refused": ("a plan of 500 MB, which is refused", refused_plan),
    "assembly": ("a cloud assembly of 4,300 stacks", assembly),
    "theirs": ("findings of Prowler, 300 MB", their_findings),
    "since": ("an earlier report as JSON, 98 MB", since),
    "evidence": ("evidence: 620,000 trainings, 47 MB", evidence),
    "waivers": ("14,500 waivers, 2 MB", waivers),
    "logs": ("95,000 events in one document of 120 MB", logs),
    "rules": ("4,800 rules of Sigma, 1.7 MB", rules),
}


def main() -> int:
    over = False
    print("| input | of the processor | memory | |\n|---|---|---|---|")
    for name in sys.argv[1:] or INPUTS:
        what, make = INPUTS[name]
        with tempfile.TemporaryDirectory() as scratch:
            with ProcessPoolExecutor(1) as apart:  # a process is told to have had what its parent has
                command = apart.submit(make, Path(scratch)).result()
            told = ("--format", "json") if command[0] == "assess" else ()
            took = cost("-m", "demarcate", *command, *told, codes=(0, 1, 2, 3))
        within = took.seconds <= SECONDS and took.megabytes <= MEGABYTES
        over |= not within
        print(
            f"| {what} | {took.seconds:.1f} s | {took.megabytes:.0f} MB | {'within' if within else 'OVER'} |",
            flush=True,
        )
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
