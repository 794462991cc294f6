"""Windows, baselines and patch groups: what is planned for words, what applying it calls, and what undoes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from tests.aws.answers.server import Server
from tests.patching.conftest import World, Worlds
from tests.surroundings import CREDENTIALS

Say = Callable[..., Result]

SERVERS = ("window", "set", "servers")
DATABASE = "arn:aws:rds:eu-west-1:123456789012:db:orders"


@pytest.fixture
def say(aws_of_scenes: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Say:
    """Runs a verb of patch in a region, as somebody; what is planned is c-00000001."""
    around = {"AWS_ENDPOINT_URL": aws_of_scenes.url, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1"}
    for name, value in {**CREDENTIALS, **around, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: "c-00000001")

    def run(*words: str) -> Result:
        where = ("--region", "eu-west-1") if words[0] in ("window", "baseline") else ()
        verb = "patch" if where else "change"
        return CliRunner().invoke(app, [verb, *words, *where, "--as", "dev@example.com"])

    return run


def applied(say: Say) -> None:
    approved = CliRunner().invoke(app, ["change", "approve", "c-00000001", "--as", "boss@example.com"])
    assert approved.exit_code == 0, approved.exception
    ended = say("apply", "c-00000001")
    assert ended.exit_code == 0, (ended.output, ended.exception)


def test_a_window_is_made_and_taken_back(world: Worlds, say: Say) -> None:
    own = world("no window of that name")
    planned = say(
        *SERVERS, "--schedule", "Patch Tuesday + 5 days at 02:00", "--zone", "Europe/Berlin", "--tag", "a=b"
    )
    assert planned.exit_code == 0, planned.exception
    assert "say the same again for its targets and its task" in planned.stderr.replace("\n", " ")
    applied(say)
    (made,) = own.scene.made("ssm.create_maintenance_window")
    made.pop("ClientToken", None)
    assert made == {
        "Name": "servers",
        "Schedule": "cron(0 2 ? * TUE#2 *)",
        "ScheduleOffset": 5,
        "ScheduleTimezone": "Europe/Berlin",
        "Duration": 4,
        "Cutoff": 1,
        "AllowUnassociatedTargets": False,
    }
    assert say("undo", "c-00000001").exit_code == 0
    assert own.scene.made("ssm.delete_maintenance_window") == [{"WindowId": "mw-0123456789abcdef0"}]


def test_a_window_is_changed_and_gets_what_it_lacks(world: Worlds, say: Say) -> None:
    own = world("a window without targets")
    words = (*SERVERS, "--hours", "3", "--offset", "5", "--tag", "Patch Group=servers", "--task", "Install")
    assert say(*words).exit_code == 0
    applied(say)
    assert own.scene.made("ssm.update_maintenance_window") == [
        {"WindowId": "mw-0123456789abcdef0", "Duration": 3, "ScheduleOffset": 5}
    ]
    (task,) = own.scene.made("ssm.register_task_with_maintenance_window")
    assert task["Targets"] == [{"Key": "WindowTargetIds", "Values": ["0a1b2c3d-0000-4000-8000-000000000001"]}]
    assert task["TaskInvocationParameters"]["RunCommand"]["Parameters"]["Operation"] == ["Install"]
    again = say(*words)
    assert again.exit_code == 0 and "is so already" in again.stderr


def test_a_weekly_window_goes_there_and_back(world: Worlds, say: Say) -> None:
    own = world("a database with a window")
    assert say("window", "set", DATABASE, "--weekly", "Sat:03:00-Sat:04:00").exit_code == 0
    applied(say)
    assert say("undo", "c-00000001").exit_code == 0
    windows = [made["PreferredMaintenanceWindow"] for made in own.scene.made("rds.modify_db_instance")]
    assert windows == ["sat:03:00-sat:04:00", "sun:01:00-sun:02:00"]


AT = "eu-west-1:123456789012"
POLICY = f"arn:aws:ssm-quicksetup:{AT}:configuration-manager/1"
UTC_SUNDAY = {"DayOfWeek": "SUNDAY", "TimeOfDay": "03:00", "TimeZone": "UTC"}


def off_peak(hours: int, automatic: bool) -> dict[str, Any]:
    return {
        "DomainName": "logs",
        "OffPeakWindowOptions": {
            "Enabled": True,
            "OffPeakWindow": {"WindowStartTime": {"Hours": hours, "Minutes": 0}},
        },
        "SoftwareUpdateOptions": {"AutoSoftwareUpdateEnabled": automatic},
        "AutoTuneOptions": {"DesiredState": "ENABLED", "UseOffPeakWindow": automatic},
    }


def policy(**told: str) -> dict[str, Any]:
    parameters = {
        "PatchPolicyName": "all",
        "ConfigurationOptionsPatchOperation": "Scan",
        "ConfigurationOptionsScanValue": "cron(0 1 * * ? *)",
        **told,
    }
    return {"ManagerArn": POLICY, "Id": "d-1", "Parameters": parameters}


@pytest.mark.parametrize(
    ("words", "calls", "operation"),
    [
        (
            (f"arn:aws:dms:{AT}:rep:ABC", "--weekly", "Sat:03:00-Sat:04:00"),
            [
                {
                    "ReplicationInstanceArn": f"arn:aws:dms:{AT}:rep:ABC",
                    "PreferredMaintenanceWindow": window,
                }
                for window in ("sat:03:00-sat:04:00", "sun:01:00-sun:02:00")
            ],
            "dms.modify_replication_instance",
        ),
        (
            (f"arn:aws:mq:{AT}:broker:shop:b-1", "--weekly", "sun:03:00-sun:05:00"),
            [
                {"BrokerId": "b-1", "MaintenanceWindowStartTime": start}
                for start in (
                    UTC_SUNDAY,
                    {"DayOfWeek": "MONDAY", "TimeOfDay": "22:00", "TimeZone": "Europe/Berlin"},
                )
            ],
            "mq.update_broker",
        ),
        (
            (f"arn:aws:es:{AT}:domain/logs", "--daily", "22:00", "--automatic"),
            [off_peak(22, True), off_peak(20, False)],
            "opensearch.update_domain_config",
        ),
        (
            (POLICY, "--schedule", "cron(0 2 ? * SUN *)", "--task", "Install"),
            [
                policy(
                    ConfigurationOptionsInstallValue="cron(0 2 ? * SUN *)",
                    ConfigurationOptionsPatchOperation="ScanAndInstall",
                ),
                policy(),
            ],
            "ssm-quicksetup.update_configuration_definition",
        ),
    ],
)
def test_windows_of_other_services_go_there_and_back(
    world: Worlds, say: Say, words: tuple[str, ...], calls: list[dict[str, Any]], operation: str
) -> None:
    own = world("windows of other services")
    planned = say("window", "set", *words)
    assert planned.exit_code == 0, planned.exception
    applied(say)
    assert say("window", "set", *words).exit_code == 0, "it is so already"
    assert say("undo", "c-00000001").exit_code == 0
    assert own.scene.made(operation) == calls


def test_an_off_peak_window_that_is_switched_on_cannot_be_taken_back(world: Worlds, say: Say) -> None:
    world("windows of other services")
    planned = say("window", "set", f"arn:aws:es:{AT}:domain/old", "--daily", "22:00")
    assert planned.exit_code == 0, planned.exception
    assert "takes no off-peak window back" in " ".join(planned.stdout.split())


def test_a_patch_group_goes_from_one_baseline_to_a_new_one(world: Worlds, say: Say) -> None:
    own = world("a patch group of another baseline")
    words = ("--system", "AMAZON_LINUX_2023", "--classification", "Security", "--group", "servers")
    planned = say("baseline", "set", "servers", *words)
    assert planned.exit_code == 0, planned.exception
    applied(say)
    (made,) = own.scene.made("ssm.create_patch_baseline")
    assert made["ApprovalRules"]["PatchRules"] == [
        {
            "PatchFilterGroup": {"PatchFilters": [{"Key": "CLASSIFICATION", "Values": ["Security"]}]},
            "ApproveAfterDays": 7,
        }
    ]
    assert own.scene.made("ssm.deregister_patch_baseline_for_patch_group") == [
        {"BaselineId": "pb-0123456789abcdef2", "PatchGroup": "servers"}
    ]
    assert own.scene.made("ssm.register_patch_baseline_for_patch_group") == [
        {"BaselineId": "pb-0123456789abcdef1", "PatchGroup": "servers"}
    ]


def test_a_rule_keeps_what_is_not_named(world: Worlds, say: Say) -> None:
    own = world("a baseline that differs")
    words = ("baseline", "set", "servers", "--system", "WINDOWS", "--severity", "Critical", "--approve-after", "3")
    assert say(*words).exit_code == 0
    applied(say)
    (made,) = own.scene.made("ssm.update_patch_baseline")
    (rule,) = made["ApprovalRules"]["PatchRules"]
    assert (rule["ApproveAfterDays"], rule["ComplianceLevel"]) == (3, "HIGH")


@pytest.mark.parametrize(
    ("scene", "words", "reason"),
    [
        ("no window of that name", (*SERVERS, "--hours", "2"), "say its --schedule"),
        ("no window of that name", (*SERVERS, "--schedule", "cron(0 2)"), "cron"),
        ("no window of that name", (*SERVERS, "--schedule", "rate(7 days)", "--zone", "Europe/Berln"), "Berlin"),
        ("no window of that name", (*SERVERS, "--hours", "2", "--cutoff", "2"), "leaves nothing"),
        ("no window of that name", (*SERVERS, "--weekly", "sun:01:00-sun:02:00"), "--weekly"),
        ("a window without targets", (*SERVERS, "--task", "Scan"), "no targets"),
        ("two windows of one name", (*SERVERS, "--hours", "2"), "2 windows are called servers"),
        ("a database with a window", ("window", "set", DATABASE, "--weekly", "sunday"), "sunday"),
        ("a database with a window", ("window", "set", DATABASE, "--hours", "2"), "--weekly alone"),
        (
            "a database with a window",
            ("window", "set", "arn:aws:s3:::b", "--weekly", "sun:01:00-sun:02:00"),
            "no weekly",
        ),
        *(
            ("windows of other services", ("window", "set", *words), reason)
            for words, reason in [
                ((f"arn:aws:mq:{AT}:broker:shop:b-1", "--weekly", "sun:03:00-sun:04:00"), "2 hours long"),
                ((f"arn:aws:es:{AT}:domain/logs", "--daily", "25:00"), "25"),
                ((f"arn:aws:es:{AT}:domain/logs", "--daily", "noon"), "such as 22:00"),
                ((DATABASE, "--daily", "22:00"), "no off-peak window"),
                ((DATABASE, "--weekly", "sun:01:00-sun:02:00", "--automatic"), "goes with --daily"),
                ((POLICY, "--schedule", "rate(1 day)", "--task", "Scan"), "takes a cron expression"),
                ((POLICY, "--schedule", "cron(0 2 ? * SUN *)"), "--task alone"),
            ]
        ),
        ("a baseline that differs", ("baseline", "set", "b", "--system", "WINDOWZ"), "WINDOWS"),
        (
            "a baseline that differs",
            ("baseline", "set", "b", "--system", "UBUNTU", "--approve-after", "3"),
            "no day",
        ),
        (
            "a baseline that differs",
            ("baseline", "set", "b", "--system", "WINDOWS", "--approve-after", "3"),
            "which",
        ),
    ],
)
def test_what_is_refused(world: Worlds, say: Say, scene: str, words: tuple[str, ...], reason: str) -> None:
    own: World = world(scene)
    ended: Any = say(*words)
    assert isinstance(ended.exception, DemarcateError) and reason in str(ended.exception), ended.output
    assert not [name for name, _ in own.scene.log if "describe" not in name]
