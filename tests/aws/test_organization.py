"""Many accounts: an organization in moto, which keeps accounts apart by the role that was assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from demarcate.assessing import assess_sources
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import AccountNote, Unread
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.session import ALWAYS_ENABLED, Caller, assume
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from demarcate.posture.assessment import Assessment
from tests.aws.conftest import REGION, Aws
from tests.aws.test_collect import HEADERS, Body
from tests.processes import demarcate
from tests.surroundings import CREDENTIALS

OWN = "123456789012"
ROLE = "OrganizationAccountAccessRole"
ORGANIZATION = Accounts(organization=True)
CHECKS = ("ebs-volume-encrypted", "organizations-all-features")


@dataclass
class Estate:
    """The management account and five others: in units, with tags, two with volumes, one closed."""

    aws: Aws
    ids: dict[str, str] = field(default_factory=dict)
    assumed: list[dict[str, str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def id(self, name: str) -> str:
        return self.ids[name]

    def client(self, name: str, service: str, region: str = REGION) -> Any:
        sts = self.aws.client("sts")
        role = f"arn:aws:iam::{self.id(name)}:role/{ROLE}"
        given = sts.assume_role(RoleArn=role, RoleSessionName="filling")["Credentials"]
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.aws.url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def collect(self, accounts: Accounts, *tables: str, regions: tuple[str, ...] = (REGION,)) -> Snapshot:
        return collect_snapshot(
            ["aws"],
            Options(
                session=self.aws.session,
                regions=tuple(regions or ()),
                endpoint_url=self.aws.url,
                accounts=accounts,
            ),
            selection=dict.fromkeys(tables or ("aws_ebs_volume",)),
        )

    def assess(self, accounts: Accounts = ORGANIZATION) -> Assessment:
        return assess_sources(
            ["aws"],
            Options(session=self.aws.session, regions=(REGION,), endpoint_url=self.aws.url, accounts=accounts),
            checks=CHECKS,
        )

    def watch(self, request: Any, **_: Any) -> Any:
        """Take note of each role that is assumed; refuse those of some accounts."""
        sent = {name: values[0] for name, values in parse_qs(str(request.body)).items()}
        self.assumed.append(sent)
        if sent["RoleArn"].split(":")[4] in self.refused:
            xml = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
            return AWSResponse(request.url, 403, HEADERS, Body(xml.encode()))
        return None


@pytest.fixture
def estate(aws: Aws) -> Iterator[Estate]:
    made = Estate(aws)
    client = aws.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    work = client.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    live = client.create_organizational_unit(ParentId=work, Name="Live")["OrganizationalUnit"]["Id"]
    for name, unit in (("shop", live), ("lab", work), ("empty", root), ("closed", live), ("locked", work)):
        status = client.create_account(
            Email=f"{name}@example.com", AccountName=name, Tags=[{"Key": "stage", "Value": name}]
        )
        made.ids[name] = status["CreateAccountStatus"]["AccountId"]
        if unit != root:
            client.move_account(AccountId=made.id(name), SourceParentId=root, DestinationParentId=unit)
    client.close_account(AccountId=made.id("closed"))
    for name in ("shop", "lab"):
        made.client(name, "ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1, Encrypted=name == "shop")
    aws.session.events.register("before-send.sts.AssumeRole", made.watch)
    yield made


def volumes(snapshot: Snapshot) -> set[str]:
    return {row["account_id"] for row in rows_of(snapshot, table("aws_ebs_volume"), ["account_id"])}


def note(snapshot: Snapshot, id: str) -> AccountNote:
    (noted,) = [account for account in snapshot.manifest.accounts if account.id == id]
    return noted


# --- the accounts of an organization --------------------------------------------------------------------


def test_every_active_account_is_read_as_itself(estate: Estate) -> None:
    taken = estate.collect(ORGANIZATION)
    assert taken.unread == ()
    assert volumes(taken) == {estate.id("shop"), estate.id("lab")}
    parts = {part.account for part in taken.manifest.tables["aws_ebs_volume"].parts}
    assert parts == {OWN, *estate.ids.values()} - {estate.id("closed")}


def test_the_role_and_the_name_of_its_session_are_sent_once_an_account(estate: Estate) -> None:
    estate.collect(ORGANIZATION)
    arns = [sent["RoleArn"] for sent in estate.assumed]
    active = sorted(id for name, id in estate.ids.items() if name != "closed")
    assert sorted(arns) == [f"arn:aws:iam::{id}:role/{ROLE}" for id in active]
    assert {sent["RoleSessionName"] for sent in estate.assumed} == {"demarcate"}
    assert not any("ExternalId" in sent for sent in estate.assumed)


def test_another_role_and_an_external_id(estate: Estate) -> None:
    shop = estate.id("shop")
    taken = estate.collect(Accounts(True, (shop,), "security/reader", "for-demarcate/1"))
    (sent,) = estate.assumed
    assert sent["RoleArn"] == f"arn:aws:iam::{shop}:role/security/reader"
    assert sent["ExternalId"] == "for-demarcate/1"
    assert volumes(taken) == {shop}


def test_units_and_tags_are_in_the_manifest(estate: Estate) -> None:
    taken = estate.collect(ORGANIZATION)
    assert note(taken, estate.id("shop")).units == ("Workloads", "Live")
    assert note(taken, estate.id("lab")).units == ("Workloads",)
    assert note(taken, estate.id("empty")).units == note(taken, OWN).units == ()
    assert note(taken, estate.id("shop")).tags == {"stage": "shop"}
    assert note(taken, estate.id("shop")).name == "shop"


def test_a_closed_account_is_skipped_and_said_so(estate: Estate) -> None:
    taken = estate.collect(ORGANIZATION)
    assert note(taken, estate.id("closed")).skipped == "the account is suspended"
    assert [account.id for account in taken.manifest.accounts if account.skipped] == [estate.id("closed")]
    assert taken.unread == (), "what was not to be read is not unread"


@pytest.mark.parametrize(
    ("told", "skipped"),
    [
        ({"State": "CLOSED"}, "the account is closed"),
        ({"State": "PENDING_CLOSURE", "Status": "ACTIVE"}, "the account is pending closure"),
        ({"State": "ACTIVE", "Status": "SUSPENDED"}, None),
        ({"Status": "SUSPENDED"}, "the account is suspended"),
        ({}, None),
    ],
)
def test_the_state_of_an_account(estate: Estate, told: dict[str, str], skipped: str | None) -> None:
    def answered(parsed: dict[str, Any], **_: Any) -> None:
        for account in parsed["Accounts"]:
            if account["Id"] == estate.id("shop"):
                account.pop("State", None)
                account.pop("Status", None)
                account.update(told)

    estate.aws.session.events.register("after-call.organizations.ListAccounts", answered)
    assert note(estate.collect(ORGANIZATION), estate.id("shop")).skipped == skipped


def test_the_paths_that_aws_tells_save_the_calls_for_parents(estate: Estate) -> None:
    client = estate.aws.client("organizations")
    (organization, root) = (
        client.describe_organization()["Organization"]["Id"],
        client.list_roots()["Roots"][0]["Id"],
    )
    work = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"][0]["Id"]
    asked: list[str] = []

    def answered(parsed: dict[str, Any], **_: Any) -> None:
        for account in parsed["Accounts"]:
            account["Paths"] = [f"{organization}/{root}/{work}/{account['Id']}/"]

    def counted(model: Any, **_: Any) -> None:
        asked.append(model.name)

    estate.aws.session.events.register("after-call.organizations.ListAccounts", answered)
    estate.aws.session.events.register("before-call.organizations", counted)
    taken = estate.collect(ORGANIZATION)
    assert {account.units for account in taken.manifest.accounts if not account.skipped} == {("Workloads",)}
    assert "ListParents" not in asked
    assert asked.count("DescribeOrganizationalUnit") == 1


def test_what_the_organization_does_not_say_is_unread_and_stops_nothing(estate: Estate) -> None:
    for operation in ("ListParents", "ListTagsForResource"):
        deny(estate.aws.session, f"organizations.{operation}")
    taken = estate.collect(ORGANIZATION)
    assert {gap.operation for gap in taken.unread} == {
        "organizations:ListParents",
        "organizations:ListTagsForResource",
    }
    assert len(taken.unread) == 2, "once for each operation, not for each account"
    shop = note(taken, estate.id("shop"))
    assert shop.units is None
    assert shop.tags is None
    assert volumes(taken) == {estate.id("shop"), estate.id("lab")}


def test_tables_of_the_organization_are_read_where_they_can_be(estate: Estate) -> None:
    taken = estate.collect(ORGANIZATION, "aws_organizations_organization", "aws_account")
    (part,) = taken.manifest.tables["aws_organizations_organization"].parts
    assert (part.account, part.rows) == (OWN, 1)
    assert len(taken.manifest.tables["aws_account"].parts) == 5


# --- narrowed -------------------------------------------------------------------------------------------


def test_only_some_accounts_of_the_organization(estate: Estate) -> None:
    lab, closed = estate.id("lab"), estate.id("closed")
    taken = estate.collect(Accounts(organization=True, only=(lab, closed)))
    assert volumes(taken) == {lab}
    assert [account.id for account in taken.manifest.accounts] == sorted((lab, closed))
    assert len(estate.assumed) == 1


def test_accounts_without_an_organization(estate: Estate) -> None:
    asked: list[str] = []
    estate.aws.session.events.register("before-call.organizations", lambda model, **_: asked.append(model.name))
    taken = estate.collect(Accounts(only=(OWN, estate.id("lab"))))
    assert volumes(taken) == {estate.id("lab")}
    assert [account.id for account in taken.manifest.accounts] == sorted((OWN, estate.id("lab")))
    assert len(estate.assumed) == 1, "no role is assumed in the account of the credentials"
    assert not asked


def test_an_account_that_the_organization_does_not_have(estate: Estate) -> None:
    with pytest.raises(DemarcateError, match=r"has no account 999999999999 \(it has 6 accounts\)"):
        estate.collect(Accounts(organization=True, only=("999999999999", estate.id("lab"))))
    assert not estate.assumed


def test_no_organization(aws: Aws) -> None:
    with pytest.raises(DemarcateError, match="is in no organization"):
        Estate(aws).collect(ORGANIZATION)
    deny(aws.session, "organizations.ListAccounts", "AWSOrganizationsNotInUseException")
    with pytest.raises(DemarcateError, match="is in no organization"):
        Estate(aws).collect(ORGANIZATION)


def test_accounts_that_cannot_be_listed(estate: Estate) -> None:
    deny(estate.aws.session, "organizations.ListAccounts")
    with pytest.raises(DemarcateError, match=r"organizations:ListAccounts: access denied .* delegated"):
        estate.collect(ORGANIZATION)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"only": ("12345",)}, "12 digits"),
        ({"only": ("1234567890123",)}, "12 digits"),
        ({"only": ("١٢٣٤٥٦٧٨٩٠١٢",)}, "12 digits"),
        ({"role_name": "a role"}, "name of a role"),
        ({"role_name": "arn:aws:iam::1:role/x"}, "name of a role"),
        ({"role_name": ""}, "name of a role"),
        ({"external_id": "x"}, "external id"),
        ({"external_id": "x y"}, "external id"),
    ],
)
def test_what_aws_cannot_have_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(DemarcateError, match=says):
        Accounts(organization=True, **given)


def test_templates_have_no_accounts() -> None:
    with pytest.raises(DemarcateError, match="which --org or --account is not for"):
        collect_snapshot(["examples/estate"], Options(accounts=ORGANIZATION))


# --- faults ---------------------------------------------------------------------------------------------


def deny(session: boto3.Session, operation: str, code: str = "AccessDeniedException") -> None:
    def send(request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, 400, HEADERS, Body(f'{{"__type":"{code}","Message":"no"}}'.encode()))

    session.events.register(f"before-send.{operation}", send)


def test_a_role_that_cannot_be_assumed_is_one_record_of_all_tables(estate: Estate) -> None:
    estate.refused = {estate.id("locked")}
    taken = estate.collect(ORGANIZATION, "aws_ebs_volume", "aws_vpc", "aws_organizations_account")
    assert taken.unread == (
        Unread(
            kind=Kind.DENIED,
            reason="access denied (AccessDenied)",
            tables=("aws_ebs_volume", "aws_vpc"),
            account=estate.id("locked"),
            operation="sts:AssumeRole",
        ),
    )
    assert volumes(taken) == {estate.id("shop"), estate.id("lab")}


def verdicts(assessment: Assessment, *, without: str) -> list[tuple[object, ...]]:
    return [
        (f.check, f.verdict, f.resource, f.account, f.region, f.reason)
        for f in assessment.findings()
        if f.account != without
    ]


def test_a_fault_in_one_account_leaves_the_verdicts_of_the_others(estate: Estate) -> None:
    locked = estate.id("locked")
    calm = estate.assess()
    assert [f.verdict for f in calm.judgement.findings()] == ["fail"], "one volume is not encrypted"
    assert set(calm.posture.accounts) == {OWN, estate.id("shop"), estate.id("lab")}, "those with what is judged"
    estate.refused = {locked}
    hurt = estate.assess()
    (lost,) = [f for f in hurt.judgement.findings() if f.account == locked]
    assert (lost.check, lost.verdict, lost.resource) == ("ebs-volume-encrypted", "unknown", None)
    assert f"{locked} sts:AssumeRole: access denied" in lost.reason
    assert verdicts(hurt, without=locked) == verdicts(calm, without=locked)
    assert {key: value for key, value in hurt.posture.accounts.items() if key != locked} == calm.posture.accounts
    assert hurt.posture.accounts[locked].unproven == 1


def test_a_look_into_what_was_not_read_names_the_account_of_the_row() -> None:
    """Two accounts of which a table could not be read: each row's reason is of its own account."""
    with SnapshotWriter("live", "aws") as writer:
        for account in ("111111111111", "222222222222"):
            with_row(writer, account)
            writer.unread(
                Unread(
                    kind=Kind.DENIED,
                    reason="access denied",
                    table="aws_config_conformance_pack",
                    account=account,
                    region=REGION,
                    operation="config:DescribeConformancePacks",
                )
            )
        taken = writer.finish()
    by_account = {
        f.account: f.reason for f in judge(taken, [load_checks()["config-conformance-pack-deployed"]]).findings()
    }
    assert len(by_account) == 2
    for place, why in by_account.items():
        assert f"{place} {REGION} config:DescribeConformancePacks: access denied" in why


def with_row(writer: SnapshotWriter, account: str) -> None:
    unit = writer.unit("aws_account", account, "global")
    unit.part(table("aws_account"), ("arn",)).append(
        [{"resource": account, "account_id": account, "region": "global", "arn": f"arn:aws:iam::{account}:root"}]
    )
    unit.seal()


def test_where_no_role_can_be_assumed_nothing_is_said_to_be_absent(estate: Estate) -> None:
    estate.refused = set(estate.ids.values())
    lost = estate.assess(Accounts(only=(estate.id("lab"), estate.id("shop"))))
    (encryption,) = [r for r in lost.posture.responsibilities if r.id == "encryption.enable-at-rest"]
    assert encryption.state == "unproven"
    assert len(lost.posture.unread) == 2


# --- regions --------------------------------------------------------------------------------------------


def test_a_region_that_an_account_has_not_opted_into_is_not_called(estate: Estate) -> None:
    called: set[str] = set()

    def counted(context: dict[str, Any], **_: Any) -> None:
        called.add(context["client_region"])

    estate.aws.session.events.register("before-call.ec2.DescribeVolumes", counted)
    taken = estate.collect(Accounts(), regions=())
    asked = {part.region for part in taken.manifest.tables["aws_ebs_volume"].parts}
    assert asked == called
    assert {"eu-west-1", "us-east-1"} <= asked
    told = estate.aws.client("ec2").describe_regions(AllRegions=True)["Regions"]
    closed = {region["RegionName"] for region in told if region["OptInStatus"] == "not-opted-in"}
    assert "me-south-1" in closed
    assert not asked & closed


def test_a_region_by_name_that_is_not_enabled_is_skipped_there_and_said_so(estate: Estate) -> None:
    taken = estate.collect(ORGANIZATION, regions=(REGION, "me-south-1"))
    assert {account.not_enabled for account in taken.manifest.accounts if not account.skipped} == {("me-south-1",)}
    assert {part.region for part in taken.manifest.tables["aws_ebs_volume"].parts} == {REGION}
    assert taken.unread == ()


def test_regions_that_are_always_enabled_need_no_opting_into(aws: Aws) -> None:
    told = aws.client("ec2").describe_regions()["Regions"]
    always = {region["RegionName"] for region in told if region["OptInStatus"] == "opt-in-not-required"}
    assert always >= {region for region in ALWAYS_ENABLED if not region.startswith(("cn-", "us-gov-"))}


# --- credentials, and how much is alive -----------------------------------------------------------------


def test_credentials_are_fetched_anew_before_they_expire(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Clients(estate.aws.session, estate.aws.url)
    session = assume(Caller(OWN, "aws", REGION), estate.id("lab"), own, Accounts())
    credentials: Any = session.get_credentials()
    first = credentials.get_frozen_credentials().access_key
    assert credentials.get_frozen_credentials().access_key == first
    assert len(estate.assumed) == 1
    later = datetime.now(UTC) + timedelta(minutes=55)
    monkeypatch.setattr(credentials, "_time_fetcher", lambda: later)
    assert credentials.get_frozen_credentials().access_key != first
    assert len(estate.assumed) == 2


def test_more_accounts_than_are_read_side_by_side(estate: Estate) -> None:
    client = estate.aws.client("organizations")
    for number in range(8):
        client.create_account(Email=f"{number}@example.com", AccountName=f"further {number}")
    taken = estate.collect(ORGANIZATION, "aws_ebs_volume", "aws_vpc")
    assert taken.unread == ()
    assert len(taken.manifest.tables["aws_vpc"].parts) == 13
    assert volumes(taken) == {estate.id("shop"), estate.id("lab")}


def test_clients_and_models_are_shared(estate: Estate) -> None:
    own = Clients(estate.aws.session, estate.aws.url)
    session = assume(Caller(OWN, "aws", REGION), estate.id("lab"), own, Accounts())
    other = Clients(session, estate.aws.url, own.kept)
    with ThreadPoolExecutor(4) as pool:
        pairs: list[Callable[[], Any]] = [lambda: own.pair("ec2", REGION), lambda: other.pair("ec2", REGION)]
        mine, theirs = (pool.submit(pair).result()[0] for pair in pairs)
    assert mine is not theirs
    assert mine.meta.service_model._service_description is theirs.meta.service_model._service_description
    other.close()
    assert own.pair("ec2", REGION)[0] is mine
    assert other.pair("ec2", REGION)[0] is not theirs


# --- the command ----------------------------------------------------------------------------------------


def run(estate: Estate, *arguments: str) -> Any:
    return demarcate(*arguments, "--region", REGION, "--endpoint-url", estate.aws.url, environment=CREDENTIALS)


def test_the_command_says_what_it_left_out_and_names_are_harmless(estate: Estate) -> None:
    client = estate.aws.client("organizations")
    made = client.create_account(Email="h@example.com", AccountName="\x1b[31mred\u202e\n")["CreateAccountStatus"]
    client.close_account(AccountId=made["AccountId"])
    sql = "SELECT account_id FROM aws_ebs_volume ORDER BY 1"
    done = run(estate, "query", sql, "--org", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["account_id", *sorted((estate.id("shop"), estate.id("lab")))]
    assert f"{estate.id('closed')} closed: not read: the account is suspended" in done.stderr
    assert f"{made['AccountId']} \ufffd[31mred\ufffd: not read" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--role-name", "reader"], "name the accounts in which a role is to be assumed"),
        (["--external-id", "x1"], "name the accounts in which a role is to be assumed"),
        (["--org", "--account", "12"], "12 digits, not '12'"),
    ],
)
def test_options_that_do_not_fit(aws: Aws, arguments: list[str], says: str) -> None:
    done = run(Estate(aws), "query", "SELECT 1 FROM aws_ebs_volume", *arguments)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
