"""The example estate: valid templates, every service of the document, and the verdicts that its README names."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import demarcate
from demarcate.checks.catalog import load_checks
from demarcate.estate.sources.cloudformation.templates import load, read_parameters
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests import processes

ROOT = Path(__file__).parent.parent
README = ROOT / "examples" / "README.md"
ESTATE = ROOT / "examples" / "estate"
PARAMETERS = ESTATE / "orders.parameters.json"
TEMPLATES = sorted(path for path in ESTATE.rglob("*") if path.suffix in (".yaml", ".json") and path != PARAMETERS)

SERVICES = {
    "EC2": {"AWS::EC2::Instance"},
    "RDS": {"AWS::RDS::DBInstance"},
    "Lambda": {"AWS::Lambda::Function"},
    "S3": {"AWS::S3::Bucket"},
    "EKS": {"AWS::EKS::Cluster", "AWS::EKS::Nodegroup"},
    "ECS": {"AWS::ECS::Cluster", "AWS::ECS::Service", "AWS::ECS::TaskDefinition"},
    "Elastic Beanstalk": {"AWS::ElasticBeanstalk::Environment"},
}

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
"""When the README was true; facts that its verdicts rest on are believed for some months."""

Verdicts = dict[tuple[str, str, str], str]
"""By template, resource and check."""

_CELL = r" `([^`|]+)` \|"
_ROW = re.compile(rf"^\|[^|]+\|{_CELL}{_CELL}{_CELL} (pass|fail|unknown) \|$", re.MULTILINE)


def promised() -> Verdicts:
    """What the README says."""
    rows = _ROW.findall(README.read_text(encoding="utf-8"))
    return {(template, resource, check): verdict for template, resource, check, verdict in rows}


def judged(expected: Verdicts, parameters: dict[str, object] | None = None) -> Verdicts:
    """What Demarcate says of the same on the day of the README; nothing where it has no finding."""
    snapshot = collect_snapshot([ESTATE], Options(parameters=parameters, moment=MOMENT))
    checks = {check for _, _, check in expected}
    verdicts: Verdicts = {}
    for row in demarcate.evaluate(snapshot, checks=checks, passes=True).to_pylist():
        template = Path(row["file"]).relative_to(ESTATE).as_posix()
        verdicts[template, row["resource"], row["check"]] = row["verdict"]
    return {key: verdicts.get(key, "") for key in expected}


def test_templates_load_without_problems() -> None:
    templates = load([ESTATE])
    assert templates.problems == []
    assert templates.files == len(TEMPLATES) == 11
    assert 150 < len(templates.resources) < 250


def test_readme_names_every_template() -> None:
    named = set(re.findall(r"^\| `([\w/.-]+)` \|", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {path.relative_to(ESTATE).as_posix() for path in TEMPLATES}


def test_every_service_is_there() -> None:
    resources = load([ESTATE]).resources
    types = {resource.type for resource in resources}
    assert [service for service, needed in SERVICES.items() if not needed <= types] == []
    services = [r.properties for r in resources if r.type == "AWS::ECS::Service"]
    launch_types = {properties["LaunchType"] for properties in services if isinstance(properties, dict)}
    assert launch_types == {"EC2", "FARGATE"}


def test_parameter_file_gives_what_orders_declares() -> None:
    orders = (ESTATE / "orders.yaml").read_text(encoding="utf-8")
    assert [name for name in read_parameters(PARAMETERS) if f"\n  {name}:\n" not in orders] == []


def test_cfn_lint_finds_no_error() -> None:
    lint = "import sys; from cfnlint.runner import main; sys.exit(main())"
    # The old runtimes of the estate are meant, and what is said of them depends on the day.
    options = ["--format", "parseable", "--non-zero-exit-code", "error", "--ignore-checks", "E2531", "E2533"]
    files = [str(path.relative_to(ROOT)) for path in TEMPLATES]
    done = processes.python("-c", lint, *options, "--", *files, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_assessment_finds_something_in_most_areas() -> None:
    done = processes.demarcate("assess", ESTATE, "--format", "json", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["unread"] == []
    checks = load_checks()
    assert len({checks[finding["check"]].area for finding in report["findings"]}) >= 5


def test_readme_says_what_demarcate_says() -> None:
    expected = promised()
    assert len(expected) >= 35
    assert judged(expected) == expected


def test_parameter_file_answers_what_is_unknown_about_orders() -> None:
    about_orders = {key: v for key, v in promised().items() if key[0] == "orders.yaml" and v == "unknown"}
    assert len(about_orders) == 2
    assert set(judged(about_orders, read_parameters(PARAMETERS)).values()) == {"pass"}
