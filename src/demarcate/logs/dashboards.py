"""A dashboard of CloudWatch made of an assessment: for each area what is on and what fails, and which alarms rang.

It holds what an assessment told at its moment, as text, and what CloudWatch tells at any moment: the states of alarms,
and how often the events were counted that they are about. Source of its form: Amazon CloudWatch User Guide, "Dashboard
Body Structure and Syntax".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Change, Operation
from demarcate.changes.values import literal
from demarcate.estate.snapshots.telling import Row, rows
from demarcate.logs import ringing
from demarcate.model import Model
from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import Posture, ResponsibilityPosture

OWED: Final = "logging-and-monitoring.build-dashboards"
READS: Final = frozenset({"cloudwatch.get_dashboard"})
"""What is asked of AWS before one is written."""

_WIDTH: Final = 24
"""Columns of a dashboard."""

_SHOWN: Final = 5
"""How many gaps an area names."""

_ALARMS: Final = 100
"""How many alarms a widget takes."""

_METRICS: Final = 50
"""How many metrics a widget shows."""

_WIDGETS: Final = 500
"""How many widgets a dashboard takes."""

_DAY: Final = 86_400


def body_of(assessment: Assessment) -> dict[str, Any]:
    """The body of a dashboard, as PutDashboard takes it (and AWS::CloudWatch::Dashboard). Of a lake, without alarms.

    Raises DemarcateError where a file cannot be read.
    """
    widgets = list(_texts(assessment.model, assessment.posture))
    below = max(widget["y"] + widget["height"] for widget in widgets)
    if not assessment.of_lake:
        widgets += _stacked(_signals(assessment), below)
    return {"start": "-P7D", "periodOverride": "inherit", "widgets": widgets[:_WIDGETS]}


def _widget(kind: str, x: int, y: int, width: int, height: int, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}


# --- what the assessment told -----------------------------------------------------------------------------


def _texts(model: Model, posture: Posture) -> Iterator[dict[str, Any]]:
    """The headline, and a text for each area, three beside each other."""
    headline = f"# Your half\n{posture.summary}. Assessed {posture.moment[:16].replace('T', ' ')} UTC."
    yield _widget("text", 0, 0, _WIDTH, 2, markdown=headline)
    for number, area in enumerate(model.areas):
        row, column = divmod(number, 3)
        owed = [each for each in posture.responsibilities if each.area == area.id and each.party == "customer"]
        gaps = [each for each in posture.first() if each.area == area.id]
        told = "\n".join(_area(area.title, str(posture.areas[area.id]), owed, gaps))
        yield _widget("text", column * 8, 2 + row * 8, 8, 8, markdown=told)


def _area(
    title: str, counts: str, owed: list[ResponsibilityPosture], gaps: list[ResponsibilityPosture]
) -> Iterator[str]:
    results = [result for each in owed for result in each.checks]
    passed, judged = sum(result.passed for result in results), sum(result.total for result in results)
    yield f"## {title}"
    yield f"{counts}.\n"
    if judged:
        yield f"{passed} of {judged} verdicts pass.\n"
    for gap in gaps[:_SHOWN]:
        yield f"- **{gap.severity}** {gap.title}" + (f": {gap.failed} fail" if gap.failed else "")
    if len(gaps) > _SHOWN:
        yield f"- and {len(gaps) - _SHOWN} more gaps"


# --- what CloudWatch tells --------------------------------------------------------------------------------


def _signals(assessment: Assessment) -> Iterator[dict[str, Any]]:
    """Alarms by account and region, and the metrics that filters count. Those that are not known are left out."""
    snapshot = assessment.snapshot
    alarms: dict[str, list[str]] = defaultdict(list)
    for row in (row for name in ringing.TABLES for row in rows(snapshot, name, ["arn"])):
        if type(row["arn"]) is str and row["arn"].startswith("arn:"):
            alarms[_place(row)].append(row["arn"])
    for place, arns in sorted(alarms.items()):
        for part in _parts(sorted(arns), _ALARMS):
            yield {
                "type": "alarm",
                "properties": {"title": f"Alarms in {place}", "alarms": part, "sortBy": "stateUpdatedTimestamp"},
            }
    counted: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    columns = ["metric_transformation_namespace", "metric_transformation_name"]
    for row in rows(snapshot, "aws_cloudwatch_log_metric_filter", columns):
        metric = tuple(row[column] for column in columns)
        if all(type(each) is str for each in metric) and type(row["region"]) is str:
            counted[_place(row), row["region"]].add((metric[0], metric[1]))
    for (place, region), metrics in sorted(counted.items()):
        for listed in _parts(sorted(metrics), _METRICS):
            yield {
                "type": "metric",
                "properties": {
                    **{"title": f"What rang in {place}", "region": region, "view": "timeSeries", "stacked": True},
                    **{"stat": "Sum", "period": _DAY, "metrics": [list(metric) for metric in listed]},
                },
            }


def _place(row: Row) -> str:
    return f"{row['account_id']} {row['region']}"


def _parts(listed: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def _stacked(signals: Iterable[dict[str, Any]], top: int) -> Iterator[dict[str, Any]]:
    """Two beside each other, below what is there."""
    for number, signal in enumerate(signals):
        row, column = divmod(number, 2)
        yield {**signal, "x": column * 12, "y": top + row * 6, "width": 12, "height": 6}


# --- writing it -------------------------------------------------------------------------------------------


def deploy(name: str, body: dict[str, Any], account: str, region: str, reader: Reader) -> Change | None:
    """The change that writes a dashboard, in the place of one that has the name; None where it is that already.

    Raises DemarcateError for a name that CloudWatch refuses, and where it cannot be read.
    """
    if not name or len(name) > 255 or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise DemarcateError(f"{name!r}: a dashboard's name has letters, digits, - and _, at most 255")
    plan = Making(reader, account, region, f"dashboard {name}", OWED)
    text = to_json(body).decode()
    reads, before = plan.read(
        "cloudwatch.get_dashboard",
        "DashboardBody",
        pages=False,
        absent=("ResourceNotFound", "ResourceNotFoundException", "DashboardNotFoundError"),
        DashboardName=name,
    )
    if before == text:
        return None
    put = "cloudwatch.put_dashboard"
    plan.step(
        Operation(name=put, parameters={"DashboardName": name, "DashboardBody": text}),
        reads,
        before,
        f"@ == {literal(text)}",
        Operation(name="cloudwatch.delete_dashboards", parameters={"DashboardNames": [name]})
        if before is None
        else Operation(name=put, parameters={"DashboardName": name, "DashboardBody": before}),
        risk=("costs",) if before is None else (),
    )
    return plan.change(f"the dashboard {name}")
