"""The history of patching: what was missing, since when without a break, and what is a hole in it."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.patching.days import MANY, put_together
from demarcate.patching.history import Exposure, history_of, levels_of, record, with_levels
from demarcate.patching.structs import PatchFinding, PatchState, PatchStatus
from demarcate.report.patching.history import drawing_of, sparkline, svg_of
from demarcate.report.pictures.drawing import Mark

DAY = datetime(2026, 11, 1, 6, tzinfo=UTC)

STATES = {
    "m": (PatchState.BEHIND, ("kernel",)),
    "M": (PatchState.BEHIND, ("kernel", "ssl")),
    "c": (PatchState.CURRENT, ()),
    "?": (PatchState.UNKNOWN, ()),
    "-": None,
}
"""A day of a resource: what is missing, that nothing is, that it could not be read, that it was not recorded."""


def status(state: PatchState, findings: tuple[str, ...] = (), name: str = "web") -> PatchStatus:
    return PatchStatus(
        account_id="123456789012",
        region="eu-west-1",
        resource=f"arn:aws:ec2:eu-west-1:123456789012:instance/{name}",
        table="aws_ec2_instance",
        kind="EC2 instance",
        name=name,
        tags={},
        party="customer",
        state=state,
        findings=tuple(PatchFinding(id=id_, severity="high", reason=f"{id_} is missing") for id_ in findings),
    )


def kept(folder: Path, days: str) -> Path:
    """A history in which a resource is each day as the letters say."""
    for number, letter in enumerate(days):
        held = STATES[letter]
        if held is not None:
            record([status(*held)], DAY + timedelta(days=number), folder)
    return folder


@pytest.mark.parametrize(
    ("days", "exposures"),
    [
        ("mmm", {"kernel": (0, None, 2)}),
        ("mcm", {"kernel": (2, None, 0)}),
        ("m?m", {"kernel": (0, None, 2)}),
        ("m--m", {"kernel": (0, None, 3)}),
        ("mm?", {"kernel": (0, None, 2)}),
        ("mmc", {"kernel": (0, 2, 2)}),
        ("mm?c", {"kernel": (0, 3, 3)}),
        ("cMmm", {"kernel": (1, None, 2), "ssl": (1, 2, 1)}),
        ("mcMc?M", {"kernel": (5, None, 0), "ssl": (5, None, 0)}),
        ("c?c", {}),
    ],
)
def test_exposure_begins_anew_only_where_it_was_seen_to_be_gone(
    tmp_path: Path, days: str, exposures: dict[str, tuple[int, int | None, int]]
) -> None:
    """The first day, the day on which it was seen to be mended, and how many days lie between."""
    history = history_of(kept(tmp_path, days), {})
    said = {
        each.finding: (
            (each.first_seen - DAY).days,
            (each.mended - DAY).days if each.mended is not None else None,
            each.days,
        )
        for each in history.exposures
    }
    assert said == exposures
    assert [day.day for day in history.days] == [
        DAY.date() + timedelta(days=number) for number in range(len(days.rstrip("-")))
    ]


def test_what_was_not_recorded_is_a_hole_and_no_zero(tmp_path: Path) -> None:
    history = history_of(kept(tmp_path, "m-c?"), {})
    assert [day.outstanding for day in history.days] == [1, None, 0, 0]
    assert [day.unknown for day in history.days] == [0, None, 0, 1]
    assert sparkline(day.outstanding for day in history.days) == "█ ▁▁"
    bars = [item for item in drawing_of(history).items if isinstance(item, Mark) and item.y > 30]
    assert [bar.role for bar in bars] == ["unproven", "met", "not-applicable"]
    assert all(bar.x + bar.width <= other.x for bar, other in itertools.pairwise(bars))
    assert "Nothing was recorded on 1 day " in svg_of(history)


def test_what_is_missing_for_longer_than_its_service_level_is_overdue(tmp_path: Path) -> None:
    kept(tmp_path, "mmmmm")
    exposures = history_of(tmp_path, levels_of(["high=3"])).exposures
    assert [(each.days, each.late) for each in exposures] == [(4, 1)]
    now = status(PatchState.BEHIND, ("kernel",))
    (late,) = with_levels([now], exposures)
    assert late.state is PatchState.OVERDUE
    assert late.reasons == ("kernel: missing for 4 days, 1 more than its service level (high: 3)",)
    in_time = [now, status(PatchState.BEHIND, ("kernel",), "other"), status(PatchState.CURRENT)]
    assert with_levels(in_time, history_of(tmp_path, levels_of(["high=4"])).exposures) == in_time


def test_patches_of_nodes_are_kept_and_others_passed_over(tmp_path: Path) -> None:
    patch = PatchFinding(id="patch KB1", severity="critical", reason="KB1 is Missing (CVE-2026-0001)")
    nodes = [("123456789012", "eu-west-1", "web"), ("123456789012", "eu-west-1", "gone")]
    record([status(PatchState.BEHIND)], DAY, tmp_path, ((node, patch) for node in nodes))
    (exposure,) = history_of(tmp_path, {}).exposures
    assert (exposure.finding, exposure.name, exposure.severity) == ("patch KB1", "web", "critical")


def test_the_same_again_replaces_it_and_what_is_broken_is_told(tmp_path: Path) -> None:
    file = record([status(PatchState.BEHIND, ("kernel",))], DAY, tmp_path)
    assert record([status(PatchState.CURRENT)], DAY, tmp_path) == file
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]
    (file.parent / f"half{file.suffix}").write_bytes(file.read_bytes()[:-4])
    history = history_of(tmp_path, {})
    assert history.exposures == () and len(history.broken) == 1
    assert history_of(tmp_path, {}, since=date(2026, 12, 1)).days == ()
    assert history_of(tmp_path, {}, only={"account_id": ["1"]}).days == ()


BROKEN = {
    "2026-11-01": [
        "SELECT 1 AS other",
        "SELECT * EXCLUDE (finding) FROM good",
        "SELECT * REPLACE (1 AS observed_at) FROM good",
        "SELECT * REPLACE ([1] AS state) FROM good",
        "SELECT * REPLACE ('patched' AS state) FROM good",
        *(f"SELECT * REPLACE (NULL AS {name}) FROM good" for name in ("observed_at", "kind", "state", "severity")),
        *(
            f"SELECT * REPLACE (TIMESTAMP '{moment}' AS observed_at) FROM good"
            for moment in ("infinity", "9999-12-31", "29999-12-31", "2026-11-02")
        ),
    ],
    "9999-12-31": ["SELECT * FROM good"],
    "day's": ["SELECT * FROM good"],
}
"""By folder, files that are whole, and of which no observation is one of the history."""


def test_a_broken_file_spoils_no_other(tmp_path: Path) -> None:
    import duckdb

    kept(tmp_path, "mm")
    whole = history_of(tmp_path, {})
    names = set[str]()
    with duckdb.connect() as connection:
        good = next((tmp_path / "2026-11-01").iterdir())
        connection.execute(f"CREATE TABLE good AS FROM read_parquet('{good}')")
        for folder, queries in BROKEN.items():
            (tmp_path / folder).mkdir(exist_ok=True)
            for query in queries:
                names.add(name := f"{len(names)}.parquet")
                path = str(tmp_path / folder / name).replace("'", "''")
                connection.execute(f"COPY ({query}) TO '{path}'")
    data = good.read_bytes()
    (tmp_path / "2026-11-01" / "damaged.parquet").write_bytes(data[:60] + bytes(80) + data[140:])
    history = history_of(tmp_path, {})
    assert (history.days, history.exposures) == (whole.days, whole.exposures)
    assert {Path(note.split(": ")[0]).name for note in history.broken} == {*names, "damaged.parquet"}


@pytest.mark.parametrize("text", ["high", "high=", "urgent=3", "high=-1", "high=3.5", "high=99999"])
def test_what_is_no_service_level_is_refused(text: str) -> None:
    with pytest.raises(DemarcateError, match="--service-level takes"):
        levels_of([text])


def test_the_longest_exposure_stands_first(tmp_path: Path) -> None:
    kept(tmp_path, "mMM")
    exposures: tuple[Exposure, ...] = history_of(tmp_path, {}).exposures
    assert [(each.finding, each.days) for each in exposures] == [("kernel", 2), ("ssl", 1)]


def recorded(folder: Path, days: int, often: int) -> Path:
    """A history of days on each of which much was recorded; the last file."""
    file = folder
    for number, hour in itertools.product(range(days), range(often)):
        moment = DAY + timedelta(days=number, minutes=hour)
        missing = ("kernel",) if hour % 3 else ("kernel", "ssl")
        file = record([status(PatchState.BEHIND, missing), status(PatchState.CURRENT, (), "db")], moment, folder)
    return file


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


def test_the_files_of_a_day_are_put_together_and_say_the_same(tmp_path: Path) -> None:
    latest = recorded(tmp_path, 2, 4)
    before = history_of(tmp_path, {})
    assert put_together(tmp_path, latest) == []
    today = [f"2026-11-02/{path.name}" for path in sorted(latest.parent.iterdir())]
    assert files_of(tmp_path) == ["2026-11-01/day.parquet", *today], "the day that is not over stays"
    assert history_of(tmp_path, {}) == before
    assert put_together(tmp_path, latest) == [] and history_of(tmp_path, {}) == before


def test_a_day_of_many_recordings_is_put_together_before_it_is_over(tmp_path: Path) -> None:
    latest = recorded(tmp_path, 1, MANY)
    before = history_of(tmp_path, {})
    put_together(tmp_path, latest)
    assert files_of(tmp_path) == ["2026-11-01/day.parquet"]
    assert history_of(tmp_path, {}) == before
    assert history_of(tmp_path, {}).exposures, "there is something that could have been lost"


def test_what_is_recorded_again_or_left_by_one_who_was_killed_counts_once(tmp_path: Path) -> None:
    recorded(tmp_path, 1, 2)
    (part, _) = sorted((tmp_path / "2026-11-01").iterdir())
    left = part.read_bytes()
    latest = record([status(PatchState.CURRENT)], DAY + timedelta(days=1), tmp_path)
    put_together(tmp_path, latest)
    before = history_of(tmp_path, {})
    part.write_bytes(left)
    assert history_of(tmp_path, {}) == before, "rows that stand twice say no more"
    record([status(PatchState.BEHIND, ("other",))], DAY, tmp_path)
    put_together(tmp_path, latest)
    assert files_of(tmp_path)[0] == "2026-11-01/day.parquet"
    findings = {each.finding: each.first_seen for each in history_of(tmp_path, {}).exposures}
    assert findings["other"] == DAY and findings["kernel"] == DAY + timedelta(minutes=1)


def test_what_is_broken_stays_and_is_told(tmp_path: Path) -> None:
    latest = recorded(tmp_path, 2, 3)
    (broken, *_) = sorted((tmp_path / "2026-11-01").iterdir())
    broken.write_bytes(b"PAR1 no rows PAR1")
    (note,) = put_together(tmp_path, latest)
    assert str(broken) in note and broken.exists()
    assert len(history_of(tmp_path, {}).broken) == 1
    assert (tmp_path / "2026-11-01" / "day.parquet").exists()
