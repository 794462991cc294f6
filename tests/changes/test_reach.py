"""What reaches AWS sends each call once, knows what may have happened, and makes no call that no change names."""

from __future__ import annotations

import ast
import contextlib
import socket
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import boto3
import pytest

from demarcate.changes import reach as reaching
from demarcate.changes.alarms import Alarms
from demarcate.changes.applying import Run
from demarcate.changes.planning import make_change
from demarcate.changes.reach import Gone, NotDone, Reach, Uncertain
from demarcate.changes.status import State
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.tasks import Stopped
from demarcate.changes.trying import try_steps
from demarcate.estate.sources.interface import Options
from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import REGION, Aws
from tests.aws.endless import WHO
from tests.changes.cases import PLANNER, options, recorded
from tests.conftest import models
from tests.serving import served

SOURCE = Path(reaching.__file__).parent.parent
ACCOUNT = "123456789012"

ON = Operation(name="ec2.enable_ebs_encryption_by_default")
OFF = Operation(name="ec2.disable_ebs_encryption_by_default")
LOOK = Read(operation=Operation(name="ec2.get_ebs_encryption_by_default"), state="EbsEncryptionByDefault")
ERROR = "<Response><Errors><Error><Code>{}</Code><Message>no</Message></Error></Errors></Response>"


class Handler(BaseHTTPRequestHandler):
    """An account in which EBS encryption can be switched on, and a bucket in another region."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        action = parse_qs(body.decode())["Action"][0]
        self.server.calls[action] += 1
        if action == "GetCallerIdentity":
            return self.say(200, WHO)
        if action == "GetEbsEncryptionByDefault":
            told = str(self.server.encrypted).lower()
            return self.say(200, f"<R><ebsEncryptionByDefault>{told}</ebsEncryptionByDefault></R>")
        answer = self.server.answers.pop(0) if self.server.answers else "done"
        if answer in ("done", "cut after", "500 after"):
            self.server.encrypted = action.startswith("Enable")
        if answer.startswith("cut"):
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return None
        if answer == "done":
            return self.say(200, "<R/>")
        status, _, code = answer.partition(" ")
        return self.say(int(status), ERROR.format(code))

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        region = self.headers["Authorization"].split("/")[2]
        self.server.calls[f"{self.command} {region}"] += 1
        if region == self.server.home:
            return self.say(200, "")
        return self.say(301, "<Error><Code>PermanentRedirect</Code></Error>", self.server.home)

    def do_HEAD(self) -> None:
        self.server.calls["HEAD"] += 1
        self.say(200, "", self.server.home)

    def say(self, status: int, text: str, region: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if region:
            self.send_header("x-amz-bucket-region", region)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: Counter[str] = Counter()
        self.answers: list[str] = []
        self.encrypted = False
        self.home = "eu-central-1"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, which nobody waits for who is told to come again."""
    monkeypatch.setattr("demarcate.changes.reach.time.sleep", lambda _: None)
    server = Server()
    with served(server):
        yield server


def session() -> boto3.Session:
    made = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    made._session.register_component("data_loader", models(None))
    return made


def reach_of(server: Server, *writes: str) -> Reach:
    url = f"http://127.0.0.1:{server.server_port}"
    told = Options(session=session(), regions=(REGION,), endpoint_url=url)
    return Reach(told, reads=[LOOK.operation.name], writes=writes or [ON.name, OFF.name])


def encrypt(before: bool | None = False) -> Step:
    return Step(
        account=ACCOUNT,
        region=REGION,
        resource="EBS",
        do=ON,
        reads=LOOK,
        before=before,
        done="@",
        undo=Undo(operation=OFF),
    )


# --- Once -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", ["cut after", "cut before", "500 after", "500 InternalError", "503 Unavailable"]
)
def test_what_may_have_been_done_is_not_sent_again(answer: str, there: Server) -> None:
    there.answers = [answer]
    with pytest.raises(Uncertain, match=f"{ON.name} in {ACCOUNT}: "):
        reach_of(there).call(ACCOUNT, REGION, ON)
    assert there.calls["EnableEbsEncryptionByDefault"] == 1


@pytest.mark.parametrize("answer", ["403 UnauthorizedOperation", "400 InvalidParameterValue", "400 ExpiredToken"])
def test_what_is_refused_is_not_done(answer: str, there: Server) -> None:
    there.answers = [answer]
    with pytest.raises(NotDone, match=f"{answer.split()[1]}: no"):
        reach_of(there).call(ACCOUNT, REGION, ON)
    assert there.calls["EnableEbsEncryptionByDefault"] == 1


@pytest.mark.parametrize("answer", ["400 Throttling", "503 RequestLimitExceeded"])
def test_what_is_throttled_is_sent_again(answer: str, there: Server) -> None:
    there.answers = [answer] * 3
    reach_of(there).call(ACCOUNT, REGION, ON)
    assert (there.calls["EnableEbsEncryptionByDefault"], there.encrypted) == (4, True)


@pytest.mark.parametrize("answer", ["400 Throttling", "503 RequestLimitExceeded"])
def test_what_is_throttled_for_good_is_not_done(answer: str, there: Server) -> None:
    there.answers = [answer] * 20
    with pytest.raises(NotDone):
        reach_of(there).call(ACCOUNT, REGION, ON)
    assert (there.calls["EnableEbsEncryptionByDefault"], there.encrypted) == (8, False)


@pytest.mark.parametrize(("answer", "state"), [("cut after", State.APPLIED), ("cut before", State.STOPPED)])
def test_a_whole_run_whose_answer_is_lost(answer: str, state: State, there: Server, ledger: Ledger) -> None:
    there.answers = [answer]
    change = recorded(ledger, make_change("encrypt", "hand", "a test", [encrypt()]))
    run = Run(ledger, PLANNER, reach_of(there), sleep=lambda _: None, wait=1)
    assert run.carry_out(change.id, "apply").state is state
    assert there.calls["EnableEbsEncryptionByDefault"] == 1
    if state is State.STOPPED:
        assert run.carry_out(change.id, "apply").state is State.APPLIED
        assert there.calls["EnableEbsEncryptionByDefault"] == 2
    assert run.carry_out(change.id, "undo").state is State.UNDONE
    assert not there.encrypted


def test_a_bucket_that_is_in_another_region(there: Server) -> None:
    """AWS did nothing where it sends a call elsewhere, and it is made there."""
    call = Operation(
        name="s3.put_bucket_versioning",
        parameters={"Bucket": "b", "VersioningConfiguration": {"Status": "Enabled"}},
    )
    reach_of(there, call.name).call(ACCOUNT, REGION, call)
    assert (there.calls[f"PUT {REGION}"], there.calls["PUT eu-central-1"]) == (1, 1)


# --- Nothing else ---------------------------------------------------------------------------------------


def test_only_what_a_change_names_is_called(there: Server) -> None:
    reach = reach_of(there, ON.name)
    for operation in (OFF, Operation(name="ec2.delete_volume", parameters={"VolumeId": "v"})):
        with pytest.raises(NotDone, match="is refused"):
            reach.call(ACCOUNT, REGION, operation)
    with pytest.raises(NotDone, match=r"AWS has no operation ec2\.make_coffee"):
        reach.call(ACCOUNT, REGION, Operation(name="ec2.make_coffee"))
    with pytest.raises(NotDone, match="is refused"):
        reach.read(ACCOUNT, REGION, Read(operation=ON))  # what reads cannot write
    assert set(there.calls) == {"GetCallerIdentity"}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("secretsmanager.get_secret_value", {"SecretId": "s"}),
        ("ssm.get_parameter", {"Name": "p", "WithDecryption": True}),
        ("ec2.delete_volume", {"VolumeId": "v"}),
    ],
)
def test_a_remedy_reads_no_secret(name: str, parameters: dict[str, object], there: Server) -> None:
    """Whatever a check of one's own names as what it reads."""
    url = f"http://127.0.0.1:{there.server_port}"
    reach = Reach(Options(session=session(), regions=(REGION,), endpoint_url=url), reads=[name])
    with pytest.raises(NotDone, match=f"{name} is refused"):
        reach.read(ACCOUNT, REGION, Read(operation=Operation(name=name, parameters=parameters)))
    assert set(there.calls) == {"GetCallerIdentity"}


def test_another_account_takes_a_role(there: Server) -> None:
    with pytest.raises(NotDone, match=f"the credentials are of {ACCOUNT}, and 999999999999 is to be reached"):
        reach_of(there).read("999999999999", REGION, LOOK)
    with pytest.raises(NotDone, match="--apply-role"):
        reach_of(there).call("999999999999", REGION, ON)
    assert set(there.calls) == {"GetCallerIdentity"}


def test_only_an_approved_change_gives_what_writes() -> None:
    """`writes` is given to a client in one place, and that place is asked by what carries a change out."""
    giving, making = set(), set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "writes" in text else ():
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = {keyword.arg for keyword in node.keywords}
            where = path.relative_to(SOURCE).as_posix()
            if name in ("client_of", "guard") and ("writes" in given or None in given or len(node.args) > 3):
                giving.add(where)
            if name == "Reach" and ("writes" in given or None in given):
                making.add(where)
    assert giving == {
        "changes/reach.py",
        "changes/pinning.py",  # a pin of the ledger: one object in a bucket that is named for it
        "estate/sources/aws/clients.py",
        "logs/store/following.py",  # what a queue handed over is taken off it, once it is in the store
        "sending/transports/security_lake.py",  # a delivery to the bucket that a custom source is given
    }
    assert making == {
        "cli/reaching.py",
        "cli/deploy.py",
    }  # which makes change sets: proposals, that change nothing


# --- States ---------------------------------------------------------------------------------------------


def test_states_that_cannot_be_read(aws: Aws) -> None:
    reach = Reach(options(aws), reads=["s3.get_bucket_policy", "s3.get_bucket_versioning"])
    policy = Operation(name="s3.get_bucket_policy", parameters={"Bucket": "none"})
    with pytest.raises(Gone):
        reach.read(ACCOUNT, REGION, Read(operation=policy, absent=("NoSuchBucketPolicy",)))
    aws.client("s3").create_bucket(Bucket="none", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert reach.read(ACCOUNT, REGION, Read(operation=policy, absent=("NoSuchBucketPolicy",))) is None
    with pytest.raises(NotDone, match="NoSuchBucketPolicy"):
        reach.read(ACCOUNT, REGION, Read(operation=policy))
    versioning = Operation(name="s3.get_bucket_versioning", parameters={"Bucket": "none"})
    with pytest.raises(NotDone, match="is not in the answer"):
        reach.read(ACCOUNT, REGION, Read(operation=versioning, state="length(Status)"))


def test_a_bucket_that_is_gone_has_nothing_to_undo(aws: Aws, ledger: Ledger) -> None:
    s3 = aws.client("s3")
    names = ["first", "second"]
    for name in names:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    change = recorded(ledger, make_change("version", "hand", "a test", [version(name) for name in names]))
    reads, writes = ["s3.get_bucket_versioning"], ["s3.put_bucket_versioning"]
    run = Run(ledger, PLANNER, Reach(options(aws), reads=reads, writes=writes), wait=1)
    assert run.carry_out(change.id, "apply").state is State.APPLIED
    s3.delete_bucket(Bucket="second")
    assert run.carry_out(change.id, "undo").state is State.UNDONE
    assert s3.get_bucket_versioning(Bucket="first")["Status"] == "Suspended"
    gone = recorded(ledger, make_change("version", "hand", "a test", [version("second")]))
    status = run.carry_out(gone.id, "apply")
    assert (status.state, "NoSuchBucket" in status.reason) == (State.STOPPED, True)


def version(bucket: str) -> Step:
    def put(status: str) -> Operation:
        parameters = {"Bucket": bucket, "VersioningConfiguration": {"Status": status}}
        return Operation(name="s3.put_bucket_versioning", parameters=parameters)

    look = Operation(name="s3.get_bucket_versioning", parameters={"Bucket": bucket})
    return Step(
        account=ACCOUNT,
        region=REGION,
        resource=f"arn:aws:s3:::{bucket}",
        do=put("Enabled"),
        reads=Read(operation=look, state="{Status: Status}"),
        before={"Status": None},
        done="Status == 'Enabled'",
        undo=Undo(operation=put("Suspended")),
    )


def test_trying_says_what_would_stop(there: Server) -> None:
    """AWS has a dry run of this call; a server that makes the call all the same is told of, and not believed."""
    tried = {
        "it is so already": (True, encrypt()),
        "it was changed since": (False, encrypt(before=None)),
        "AWS made the call": (False, encrypt()),
    }
    for told, (encrypted, step) in tried.items():
        there.encrypted = encrypted
        (trial,) = try_steps(make_change("encrypt", "hand", "a test", [step]), reach_of(there))
        assert told in trial.told
        assert trial.could == (told == "it is so already")
    there.encrypted, there.answers = False, ["412 DryRunOperation", "403 UnauthorizedOperation"]
    for could in (True, False):
        (trial,) = try_steps(make_change("encrypt", "hand", "a test", [encrypt()]), reach_of(there))
        assert trial.could == could, trial.told


# --- Alarms ---------------------------------------------------------------------------------------------


def alarm(aws: Aws, name: str, state: str, region: str = REGION) -> None:
    client = aws.client("cloudwatch", region)
    client.put_metric_alarm(
        AlarmName=name,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("quiet", ""),
        ("young", ""),
        ("loud", "the alarm loud rings"),
        ("lou", "the alarm lou cannot be read: there is none in 123456789012, eu-west-1"),
        (f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:abroad", f"us-east-1:{ACCOUNT}:alarm:abroad rings"),
        (f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:abroad", "cannot be read: there is none in 123456789012"),
        ("arn:aws:cloudwatch:eu-west-1:999999999999:alarm:far", "cannot be read: the credentials are of"),
    ],
)
def test_alarms(name: str, told: str, aws: Aws) -> None:
    alarm(aws, "quiet", "OK")
    alarm(aws, "young", "INSUFFICIENT_DATA")
    alarm(aws, "loud", "ALARM")
    alarm(aws, "abroad", "ALARM", "us-east-1")
    alarms = Alarms([name], Reach(options(aws), reads=["cloudwatch.describe_alarms"]))
    if not told:
        alarms.check(encrypt())
        return
    with pytest.raises(Stopped) as raised:
        alarms.check(encrypt())
    assert told in str(raised.value)
