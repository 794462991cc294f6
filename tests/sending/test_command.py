"""send, from settings to receivers."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from demarcate.estate.snapshots import writing
from tests.aws.conftest import REGION, Aws
from tests.report.standards import of_ocsf
from tests.sending.receivers import Receiver, receiving

TEMPLATE = (
    "Resources:\n  Data: {Type: 'AWS::EC2::Volume', "
    "Properties: {Size: 8, AvailabilityZone: eu-west-1a, Encrypted: ENCRYPTED}}\n"
)

DETECTION = {
    **{"id": "d1", "rule": "0-0", "name": "root-use", "title": "Root was used", "level": "high", "seconds": 3600},
    **{"responsibility": "logging-and-monitoring.create-alarms", "account": "111122223333", "count": 2},
    **{"window": "2026-11-29T02:00:00Z", "first": "2026-11-29T02:10:00Z", "last": "2026-11-29T02:20:00Z"},
    **{"entity": "arn:aws:iam::111122223333:root", "regions": ["us-east-1"], "waived": None, "tables": None},
}

EVENT = {
    **{"event_time": "2026-11-29 02:10:00+00:00", "event_id": "e1", "event_source": "s3.amazonaws.com"},
    **{"event_name": "DeleteBucket", "recipient_account_id": "111122223333", "aws_region": "eu-west-1"},
    **{"source_ip_address": "192.0.2.1", "user_agent": "aws-cli", "error_code": "AccessDenied"},
    **{"user_identity_arn": "arn:aws:iam::111122223333:user/anna", "user_identity_type": "IAMUser"},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SIEM_SECRET", "s3cret")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "demarcate").mkdir(parents=True)
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, (done.output, done.exception)
    assert "s3cret" not in done.output
    return done.output


def configure(home: Path, url: str, more: str = "") -> None:
    (home / "home" / "demarcate" / "demarcate.toml").write_text(
        f'ledger = "{home}/ledger.sqlite"\n{more}\n'
        f'[destinations.hook]\nkind = "webhook"\nurl = "{url}"\nsecret-variable = "SIEM_SECRET"\n'
    )


def told(receiver: Receiver) -> list[dict[str, Any]]:
    """What a receiver was told, each event of which is held to the schema of its class."""
    deliveries = [each for _, _, body in receiver.heard for each in json.loads(body)["deliveries"]]
    assert [wrong for each in deliveries for wrong in of_ocsf(each["event"])] == []
    return deliveries


def test_findings_are_sent_once_and_wait_while_nobody_is_there(home: Path) -> None:
    (home / "t.yaml").write_text(TEMPLATE.replace("ENCRYPTED", "false"))
    run("assess", "t.yaml", "--check", "ebs-volume-encrypted", "--save", "out")
    receiver = Receiver([(503, b"")])
    with receiving(receiver) as url:
        configure(home, url)
        assert "hook: 0 delivered, 1 wait: " in run("send", "out", "--to", "hook", code=1)
        waits = json.loads(run("send", "list", "--format", "json"))
        assert [(line["destination"], line["status"], line["attempts"]) for line in waits] == [
            ("hook", "waiting", 1)
        ]
        assert "answered 503" in waits[0]["why"]
        receiver.answers = [(200, b"")]
        receiver.heard.clear()
        assert "hook: 0 delivered, 1 wait: it is tried again at" in run("send")
        assert "hook: 1 delivered" in run("send", "--flush")
        assert "hook: 0 delivered" in run("send", "out")
        (finding,) = told(receiver)
        assert (finding["state"], finding["event"]["class_uid"]) == ("open", 2003)
        assert json.loads(run("send", "list", "--format", "json")) == []
    lake(home)


def lake(home: Path) -> None:
    """A custom source of each class, whose rows have what the events have."""
    import duckdb

    (home / "d.json").write_text(json.dumps([DETECTION]))
    (home / "e.json").write_text(json.dumps([EVENT]))
    where = f'[destinations.lake]\nkind = "security-lake"\nfolder = "{home}/lake"\n'
    (home / "home" / "demarcate" / "demarcate.toml").write_text(f'ledger = "{home}/ledger.sqlite"\n{where}')
    assert "lake: 3 delivered" in run("send", "out", "d.json", "e.json")
    connection = duckdb.connect()

    def rows(class_uid: int, columns: str) -> list[Any]:
        files = f"{home}/lake/ext/demarcate-{class_uid}/*/*/*/*.parquet"
        return connection.execute(f"SELECT {columns} FROM read_parquet('{files}')").fetchall()

    assert rows(2003, "compliance.control, resources[1].name, region, unmapped->>'party'") == [
        ("ebs-volume-encrypted", "Data", "us-east-1", "customer")
    ]
    assert rows(2004, 'finding_info.uid, "count", evidences[1].actor.user.uid, accountId::VARCHAR') == [
        ("d1", 2, "arn:aws:iam::111122223333:root", "111122223333")
    ]
    assert rows(6003, "api.operation, api.response.error, src_endpoint.ip, region, eventDay::VARCHAR") == [
        ("DeleteBucket", "AccessDenied", "192.0.2.1", "eu-west-1", "20261129")
    ]


class Ticking(datetime):
    """A clock that is a second further each time that it is read."""

    read = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        cls.read += 1
        return datetime(2026, 11, 1, 12, 0, cls.read, tzinfo=tz)


def test_what_is_mended_is_told_as_resolved(home: Path, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was read: not by an assessment of another region."""
    monkeypatch.setattr(writing, "datetime", Ticking)  # the moments of snapshots are whole seconds
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]

    def assess(name: str, region: str) -> str:
        where = ("--endpoint-url", aws.url, "--region", region)
        run("assess", "aws", *where, "--check", "ebs-volume-encrypted", "--save", name)
        return name

    receiver = Receiver()
    with receiving(receiver) as url:
        configure(home, url)
        run("send", assess("first", REGION))
        ec2.delete_volume(VolumeId=volume)
        run("send", assess("elsewhere", "us-west-2"))
        assert [each["state"] for each in told(receiver)] == ["open"]
        run("send", assess("second", REGION))
        run("send", "second", "first")
    first, second = told(receiver)
    assert (first["state"], second["state"], first["id"]) == ("open", "resolved", second["id"])
    assert (second["event"]["status"], second["event"]["compliance"]["status"]) == ("Resolved", "Pass")


def test_what_is_refused_is_listed_and_sent_again(home: Path) -> None:
    (home / "d.json").write_text(json.dumps([DETECTION]))
    receiver = Receiver([(400, b"no"), (200, b"")])
    with receiving(receiver) as url:
        configure(home, url)
        assert "1 given up (send list --dead)" in run("send", "d.json", code=1)
        (dead,) = json.loads(run("send", "list", "--dead", "--format", "json"))
        for verb in ("list", "retry", "now"):
            unknown = CliRunner().invoke(app, ["send", verb, "--to", "hok"])
            assert str(unknown.exception) == "there is no destination 'hok'; did you mean hook?"
        assert (dead["item"], dead["status"]) == ("d1", "dead")
        assert "1 delivery" in run("send", "retry", str(dead["number"]))
        again = CliRunner().invoke(app, ["send", "retry", str(dead["number"])])
        assert "none of these was given up" in str(again.exception)
        assert "hook: 1 delivered" in run("send")
    first, second = told(receiver)
    assert first == second
    assert (first["event"]["class_uid"], first["severity"]) == (2004, "high")


def test_rules_say_what_goes_where(home: Path) -> None:
    low = {**DETECTION, "id": "d2", "level": "low"}
    elsewhere = {**DETECTION, "id": "d3", "account": "444455556666"}
    (home / "d.json").write_text("".join(f"{json.dumps(each)}\n" for each in (DETECTION, low, elsewhere)))
    (home / "e.json").write_text(json.dumps([EVENT]))
    receiver = Receiver()
    rule = 'to = "hook", severity = "medium", account = "111122223333", area = "logging-and-monitoring"'
    rules = f"send-rules = [{{{rule}}}]"
    with receiving(receiver) as url:
        configure(home, url, rules)
        run("send", "d.json", "e.json")
        assert [each["id"] for each in told(receiver)] == ["d1"]
        configure(home, url)
        receiver.heard.clear()
        run("send", "e.json")
    (event,) = told(receiver)
    assert (event["event"]["class_uid"], event["event"]["activity_name"]) == (6003, "Delete")


WRONG = [
    ('[destinations.x]\nkind = "pigeon"\n', "destination 'x'"),
    ('[destinations.x]\nkind = "webhook"\nurl = "http://example.com"\nsecret-variable = "S"\n', "only https"),
    ('[destinations.x]\nkind = "webhook"\nurl = "https://a:b@example.com"\nsecret-variable = "S"\n', "password"),
    ('[destinations.x]\nkind = "webhook"\nurl = "https://example.com"\nsecret-variable = "S"\n', "has no S"),
    ('[destinations.x]\nkind = "webhook"\nurl = "https://example.com"\nsecret = "S"\n', "secret"),
    ('[destinations."a b"]\nkind = "syslog"\nhost = "h"\n', "a name has"),
    (
        '[destinations.x]\nkind = "syslog"\nhost = "h"\nquiet = {from = "22:00", to = "6", zone = "Mars"}\n',
        "quiet",
    ),
    ('[[send-rules]]\nto = "nobody"\n', "there is no destination 'nobody'"),
    (
        '[destinations.x]\nkind = "syslog"\nhost = "h"\n[[send-rules]]\nto = "x"\narea = "space"\n',
        "no area 'space'",
    ),
    ("", "there is no destination"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_settings_that_cannot_be_used(home: Path, text: str, message: str) -> None:
    (home / "home" / "demarcate" / "demarcate.toml").write_text(text)
    done = CliRunner().invoke(app, ["send"])
    assert message in str(done.exception)


def test_a_project_sends_nothing_anywhere(home: Path) -> None:
    (home / "demarcate.toml").write_text('[destinations.x]\nkind = "syslog"\nhost = "evil.example"\n')
    done = CliRunner().invoke(app, ["send"])
    assert "there is no destination" in str(done.exception)


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"id": 1}]', '[{"event_id": "e"}]', ""])
def test_files_that_are_none(home: Path, text: str) -> None:
    (home / "d.json").write_text(text)
    configure(home, "https://siem.example.com")
    done = CliRunner().invoke(app, ["send", "d.json"])
    assert "d.json" in str(done.exception)
