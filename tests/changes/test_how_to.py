"""The page about changes in a team is true: its commands do what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.conftest import REGION, Aws
from tests.surroundings import CREDENTIALS
from tests.test_tutorial import ROOT, Reader, blocks

PAGE = ROOT / "docs" / "how-to" / "approve-changes-in-a-team.md"


def test_the_page_does_what_it_says(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = {"AWS_ENDPOINT_URL": aws.url, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "80"}
    for name, value in {**CREDENTIALS, **around}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: "c-1f2e3d4c")
    aws.client("s3").create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    reader = Reader(tmp_path)
    told = [line for block in blocks(PAGE.read_text()) for line in reader.follow(block)]
    assert not told, "\n\n".join(told)
    assert reader.code == 0
    assert aws.client("s3").get_bucket_versioning(Bucket="logs")["Status"] == "Suspended"
