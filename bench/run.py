"""Measures speed and memory, each as a ratio to a reference measured in the same run (`make bench`).

A figure is the best of several runs of a whole process (or, for the engine, of a call), since other work on the
machine can only slow a run down. Limits are those that the project promises on two cores; a figure over its
limit makes the run fail.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from measuring import DEMARCATE, RUNS, Line, call, process, snapshot_of

from patching import calendar, history, nodes


def template(resources: int) -> str:
    """A template of so many resources of nine kinds, with parameters, a condition and intrinsic functions."""
    lines = [
        "AWSTemplateFormatVersion: '2010-09-09'",
        "Parameters:",
        "  Environment: {Type: String, Default: prod}",
        "Conditions:",
        "  IsProd: !Equals [!Ref Environment, prod]",
        "Resources:",
    ]
    kinds = [
        "Type: AWS::EC2::Volume\n    Properties:\n      AvailabilityZone: eu-west-1a\n      Size: {n}\n"
        "      Encrypted: !If [IsProd, true, false]",
        "Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Sub '${{Environment}}-data-{n}'\n"
        "      VersioningConfiguration: {{Status: Enabled}}\n      Tags:\n        - Key: env\n"
        "          Value: !Ref Environment",
        "Type: AWS::EC2::SecurityGroup\n    Properties:\n      GroupDescription: web\n"
        "      SecurityGroupIngress:\n        - IpProtocol: tcp\n          FromPort: 443\n          ToPort: 443\n"
        "          CidrIp: 10.0.{n}.0/24\n        - IpProtocol: tcp\n          FromPort: 22\n          ToPort: 22\n"
        "          CidrIp: 0.0.0.0/0",
        "Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Join ['-', [!Ref Environment, q, '{n}']]\n"
        "      SqsManagedSseEnabled: true",
        "Type: AWS::SNS::Topic\n    Properties:\n      TopicName: !Sub '${{Environment}}-t-{n}'",
        "Type: AWS::Lambda::Function\n    Properties:\n      Runtime: python3.12\n      Handler: app.handler\n"
        "      Role: !Sub 'arn:aws:iam::${{AWS::AccountId}}:role/r{n}'\n      Code: {{S3Bucket: b, S3Key: k}}\n"
        "      Environment:\n        Variables:\n          TABLE: t{n}",
        "Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n      KeySchema:\n"
        "        - AttributeName: k\n          KeyType: HASH\n      AttributeDefinitions:\n"
        "        - AttributeName: k\n          AttributeType: S",
        "Type: AWS::RDS::DBInstance\n    Properties:\n      Engine: postgres\n      EngineVersion: '16.4'\n"
        "      DBInstanceClass: db.t3.micro\n      AllocatedStorage: '20'\n      StorageEncrypted: true\n"
        "      BackupRetentionPeriod: 7",
        "Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n"
        "        Statement:\n          - Effect: Allow\n            Principal: {{Service: lambda.amazonaws.com}}\n"
        "            Action: sts:AssumeRole\n      Policies:\n        - PolicyName: p\n          PolicyDocument:\n"
        "            Version: '2012-10-17'\n            Statement:\n              - Effect: Allow\n"
        "                Action: s3:GetObject\n                Resource: 'arn:aws:s3:::b{n}/*'",
    ]
    lines += [f"  Resource{n}:\n    " + kinds[n % len(kinds)].format(n=n % 250) for n in range(resources)]
    return "\n".join(lines) + "\n"


def start() -> Line:
    ours = process([*DEMARCATE, "--version"])
    theirs = process([sys.executable, "-c", "pass"])
    return Line("`demarcate --version`", ours, "`python -c pass`", theirs, "0.25 s", ours.seconds <= 0.25)


def templates(folder: Path, files: int, each: int, seconds: float, megabytes: float, *, runs: int = RUNS) -> Line:
    folder.mkdir()
    for number in range(files):
        (folder / f"stack-{number:03}.yaml").write_text(template(each))
    source = folder if files > 1 else folder / "stack-000.yaml"
    ours = process([*DEMARCATE, "assess", str(source), "--format", "json"], runs)
    parse = (
        "import pathlib, sys, yaml\n"
        "[yaml.compose(p.read_text(), Loader=yaml.CSafeLoader) for p in pathlib.Path(sys.argv[1]).glob('*.yaml')]"
    )
    theirs = process([sys.executable, "-c", parse, str(folder)], runs)
    within = ours.seconds <= seconds and ours.megabytes <= megabytes
    limit = f"{seconds} s" + (f", {megabytes:.0f} MB" if megabytes < 1e6 else "")
    what = f"assess {files:,} template{'s' if files > 1 else ''}, {files * each:,} resources"
    return Line(what, ours, "only parsing the YAML", theirs, limit, within)


FEW_FAIL = [
    "size <= 507",
    "iops < 3099",
    "kms_key_id LIKE 'key-%'",
    "volume_type IN ('gp2', 'gp3')",
    "create_time < TIMESTAMP '2024-12-13'",
    "volume_id <> 'vol-1000'",
    "state IN ('in-use', 'available')",
    "size > 12 OR iops > 101",
    "NOT (state = 'available' AND iops > 3098)",
    "volume_id LIKE 'vol-%'",
]
"""Predicates that about one row in a thousand does not pass."""

MANY_FAIL = [
    "encrypted",
    "size <= 490",
    "state = 'in-use'",
    "iops > 150",
    "volume_type IN ('gp2', 'gp3')",
    "kms_key_id <> 'key-1'",
    "create_time > TIMESTAMP '2024-01-05'",
    "volume_id LIKE 'vol-%'",
    "size > 12 OR encrypted",
    "NOT (state = 'available' AND size > 400)",
]
"""Predicates that about one row in seventy does not pass."""


def drift(folder: Path) -> Line:
    """Volumes that templates declare, 500 a stack, against the live ones, of which one in a hundred was changed."""
    import duckdb

    from demarcate.drift.comparing import compare

    rows = 100_000
    settings = {
        "encrypted": "i % 7 <> 0",
        "size": "8 + i % 500",
        "volume_type": "'gp3'",
        "iops": "3000 + i % 100",
        "availability_zone": "'eu-west-1a'",
        "kms_key_id": "''",
        "snapshot_id": "''",
        "tags": '\'{"env": "prod", "team": "shop"}\'',
    }
    templates = {**settings, "resource": "'Volume' || i", "file": "'stack-' || (i // 500) || '.yaml'", "line": "i"}
    place = {"account_id": "'123456789012'", "region": "'eu-west-1'"}
    arn = "'arn:aws:ec2:eu-west-1:123456789012:volume/vol-' || i"
    volumes = {**settings, **place, "resource": arn, "arn": arn, "volume_id": "'vol-' || i"}
    volumes["size"] = "8 + i % 500 + CASE WHEN i % 100 = 0 THEN 1 ELSE 0 END"
    stack = "'stack-' || (i // 500)"
    resources = {
        **place,
        "resource": "'r-' || i",
        "stack_id": stack,
        "stack_name": stack,
        "logical_resource_id": "'Volume' || i",
        "physical_resource_id": "'vol-' || i",
        "resource_type": "'AWS::EC2::Volume'",
    }
    declared = snapshot_of(folder / "declared", "cloudformation", rows, {"aws_ebs_volume": templates})
    live = snapshot_of(
        folder / "live", "live", rows, {"aws_ebs_volume": volumes, "aws_cloudformation_stack_resource": resources}
    )
    ours = call(lambda: compare(declared, live), runs=3)
    differ = " OR ".join(f'd."{name}" IS DISTINCT FROM l."{name}"' for name in settings)

    def join() -> None:
        with duckdb.connect() as database:
            files = [f"'{folder}/{side}/tables/aws_ebs_volume/00000.parquet'" for side in ("declared", "live")]
            database.execute(
                f"SELECT * FROM {files[0]} d JOIN {files[1]} l ON 'vol-' || d.resource[7:] = l.volume_id WHERE {differ}"
            ).fetchall()

    theirs = call(join)
    changed = sum(drift.kind == "changed" for drift in compare(declared, live).drifts)
    what = f"drift of {rows:,} volumes of {rows // 500} stacks ({changed:,} changed)"
    return Line(what, ours, "bare DuckDB: the join by id, and what differs", theirs, "3 s", ours.seconds <= 3)


def engine(folder: Path, predicates: list[str]) -> Line:
    import duckdb

    from demarcate.checks.catalog import load_checks
    from demarcate.checks.engine import judge

    rows = 1_000_000
    filled = {
        "resource": "'arn:aws:ec2:eu-west-1:123456789012:volume/vol-' || i",
        "volume_id": "'vol-' || i",
        "account_id": "(100000000000 + i % 50)::VARCHAR",
        "region": "'eu-west-' || (i % 3)",
        "encrypted": "CASE WHEN i % 97 = 0 THEN NULL ELSE i % 50 <> 0 END",
        "size": "8 + i % 500",
        "volume_type": "CASE i % 10 WHEN 0 THEN 'gp2' ELSE 'gp3' END",
        "state": "CASE i % 40 WHEN 0 THEN 'available' ELSE 'in-use' END",
        "kms_key_id": "'key-' || (i % 100)",
        "iops": "100 + i % 3000",
        "create_time": "TIMESTAMP '2024-01-01' + to_minutes(i % 500000)",
        "tags": '\'{"env": "prod"}\'',
    }
    snapshot = snapshot_of(folder, "live", rows, {"aws_ebs_volume": filled})
    part = folder / "tables" / "aws_ebs_volume" / "00000.parquet"
    predicates = predicates + [f"({predicate}) AND size < {508 + i}" for i, predicate in enumerate(predicates)]
    checks = folder / "checks"
    checks.mkdir()
    (checks / "bench.yaml").write_text(
        json.dumps(
            [
                {
                    "id": f"bench-{i}",
                    "title": f"Bench {i}",
                    "responsibility": "encryption.enable-at-rest",
                    "table": "aws_ebs_volume",
                    "pass": predicate,
                    "fail": "{volume_id} fails",
                    "severity": "low",
                }
                for i, predicate in enumerate(predicates)
            ]
        )
    )
    loaded = [check for name, check in load_checks([checks]).items() if name.startswith("bench-")]
    counts = ", ".join(f"count_if({p}), count_if(NOT ({p})), count_if(({p}) IS NULL)" for p in predicates)
    bare = f"SELECT {counts} FROM read_parquet('{part}')"
    ours = call(lambda: judge(snapshot, loaded))

    def scan() -> None:  # in a database of its own, as judging has
        with duckdb.connect() as database:
            database.execute(bare).fetchall()

    theirs = call(scan)
    findings = sum(1 for _ in judge(snapshot, loaded).findings())
    what = f"judge {rows:,} rows by {len(loaded)} checks ({findings:,} findings)"
    within = ours.seconds <= 4 * theirs.seconds
    return Line(
        what, ours, "bare DuckDB: connect, and one scan that counts the same predicates", theirs, "4 times", within
    )


def bucket_policy(number: int) -> str:
    """A bucket policy of four statements, like no other: an account, an organization, a service, and no plain HTTP."""
    bucket, account = f"arn:aws:s3:::b{number}", f"{111122220000 + number}"
    told: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [
            {"Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": ["s3:GetObject", "s3:ListBucket"]},
            {
                "Principal": "*",
                "Action": "s3:GetObject",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": f"o-{number}"}},
            },
            {
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "s3:PutObject",
                "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{account}:trail/*"}},
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
    for statement in told["Statement"]:
        statement |= {"Effect": statement.get("Effect", "Allow"), "Resource": [bucket, f"{bucket}/*"]}
    return json.dumps(told)


def classify(numbers: range) -> int:
    """How many statements policies have, once it is told how far each reaches."""
    from demarcate.access.reach import Own, reading
    from demarcate.access.statements import Policy, PolicyKind

    policies = (Policy.of(bucket_policy(number)) for number in numbers)
    return sum(len(reading(policy, PolicyKind.RESOURCE, Own(), "s3").left) for policy in policies)


def policies(count: int) -> Line:
    """Statements of policies that are all different, in a process for each of two cores."""
    halves = [range(0, count, 2), range(1, count, 2)]
    with ProcessPoolExecutor(2) as pool:
        ours = call(lambda: sum(pool.map(classify, halves)), runs=1)
    theirs = call(lambda: [json.loads(bucket_policy(number)) for number in range(count)], runs=1)
    what = f"how far {count * 4:,} statements of policies reach"
    return Line(what, ours, "only parsing the JSON", theirs, "10 s", ours.seconds <= 10)


def one_policy() -> Line:
    ours = call(lambda: classify(range(1)))
    theirs = call(lambda: json.loads(bucket_policy(0)))
    return Line("how far one policy reaches", ours, "parsing its JSON", theirs, "5 ms", ours.seconds <= 0.005)


def who_can(folder: Path) -> Line:
    """Who may read an object of 2,000 buckets, of 5,000 roles with three policies each, below control policies."""
    subprocess.run(
        [sys.executable, str(Path(__file__).with_name("access.py")), str(folder), "5000", "2000"], check=True
    )
    ours = process(
        [*DEMARCATE, "access", "who-can", "s3:GetObject", "arn:aws:s3:::bucket-4/k", str(folder)], runs=3
    )
    read = (
        "import duckdb, sys\n"
        "[duckdb.sql(f\"FROM '{sys.argv[1]}/tables/{name}/*.parquet'\").fetchall() for name in sys.argv[2:]]"
    )
    theirs = process([sys.executable, "-c", read, str(folder), "aws_iam_role", "aws_s3_bucket"], runs=3)
    within = ours.seconds <= 2 and ours.megabytes <= 400
    what = "who-can over 5,000 roles and 2,000 buckets"
    return Line(what, ours, "bare DuckDB: their rows to Python", theirs, "2 s, 400 MB", within)


FORMATS = {
    "json": 60,
    "csv": 60,
    "markdown": 60,
    "html": 120,
    "sarif": 60,
    "junit": 60,
    "gitlab-codequality": 60,
    "gitlab-sast": 60,
    "ocsf": 60,
    "asff": 90,
    "oscal-assessment-results": 180,
    "oscal-poam": 180,
}
"""The formats that list findings, and the seconds that each may take for a million of them."""


def formats(folder: Path, count: int, megabytes: float) -> list[Line]:
    """Reports of a kept assessment that has so many findings, half of them in files, as each format."""
    make = Path(__file__).with_name("findings.py")
    subprocess.run([sys.executable, str(make), str(folder), str(count)], check=True)
    read = "import duckdb, sys\nduckdb.sql(f\"FROM '{sys.argv[1]}/findings.parquet'\").fetchall()"
    theirs = process([sys.executable, "-c", read, str(folder / "kept")], runs=1)
    lines = []
    for format, seconds in FORMATS.items():
        ours = process([*DEMARCATE, "report", str(folder / "kept"), "--format", format], runs=1)
        within = ours.seconds <= seconds and ours.megabytes <= megabytes
        limit = f"{seconds:.0f} s, {megabytes:.0f} MB"
        what = f"report --format {format} of {count:,} findings"
        lines.append(Line(what, ours, "bare DuckDB: the findings to Python", theirs, limit, within))
    return lines


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="demarcate-bench-"))
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    try:
        lines = [
            start(),
            templates(folder / "one", 1, 70, 0.5, 160),
            templates(folder / "hundred", 100, 45, 1.4, 180),
            # As much as is read of templates at once, in files that are as small as they are met in practice.
            templates(folder / "small", 4_300, 9, 10.0, 500, runs=1),
            # Linux tells of a child the memory that its parent had, too: these come before what is measured in here.
            nodes(folder / "nodes", 50_000, 40, 5.0, 500),
            history(folder / "history", 50, 1_000, 40, 10.0, 500),
            *formats(folder / "formats", 1_000_000, 500),
            who_can(folder / "access"),
            engine(folder / "few", FEW_FAIL),
            engine(folder / "many", MANY_FAIL),
            drift(folder / "drift"),
            calendar(100, 5_000, 1_000),
            one_policy(),
            policies(25_000),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; best of {RUNS} runs.\n"
    )
    print("| what | measured | limit | | reference, same run | ratio |\n|---|---|---|---|---|---|")
    for line in lines:
        print(line)
    # In a process of its own: what Linux tells of a child's memory is never less than what its parent had.
    sys.stdout.flush()
    others = [
        subprocess.run([sys.executable, str(Path(__file__).with_name(name))], check=False)
        for name in ("live.py", "lake.py", "logs.py", "detections.py")
    ]
    if not (all(other.returncode == 0 for other in others) and all(line.within for line in lines)):
        sys.exit(1)


if __name__ == "__main__":
    main()
