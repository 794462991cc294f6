"""Keep an assessment with so many findings: python bench/findings.py FOLDER COUNT. For memory's sake by itself."""

from __future__ import annotations

import sys
from pathlib import Path

from demarcate.assessing import assess_sources
from demarcate.posture import kept

TEMPLATE = "Resources:\n  Data:\n    Type: AWS::EC2::Volume\n    Properties: {Size: 8}\n"

MADE = (
    'INSERT INTO findings ("check", verdict, resource, account, region, reason, partition, name, tags, file, line) '
    "SELECT list_extract($checks, 1 + i % len($checks)::BIGINT), "
    "CASE WHEN i % 10 = 0 THEN 'unknown' ELSE 'fail' END, "
    "'arn:aws:ec2:eu-west-1:123456789012:volume/vol-' || i, lpad((i % 100)::VARCHAR, 12, '1'), 'eu-west-1', "
    """'vol-' || i || ' (8 GiB) is not encrypted', 'aws', 'vol-' || i, '{"env": "prod"}', """
    "CASE WHEN i % 2 = 0 THEN 'stacks/' || i % 1000 || '.yaml' END, CASE WHEN i % 2 = 0 THEN 1 + i % 97 END "
    "FROM range($count) t(i)"
)


def main(folder: Path, count: int) -> None:
    """Keep it in a new folder."""
    folder.mkdir()
    (folder / "t.yaml").write_text(TEMPLATE)
    with assess_sources([folder / "t.yaml"]) as assessment:
        checks = sorted(assessment.checks)
        assessment.judgement.cursor().execute(MADE, {"checks": checks, "count": count})
        kept.save(assessment, folder / "kept")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
