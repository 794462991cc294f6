"""Writing waivers into a file that people keep."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.evidence.waiver_files import append_waivers, entry
from demarcate.evidence.waivers import Known, Waiver, WaiverScope, parse_waivers

KNOWN = Known(checks=["ebs-volume-encrypted", "s3-bucket-versioning"], responsibilities=[])
WAIVER = Waiver(
    finding="0123456789abcdef", reason="a: move # soon", owner="o@example.com", until=date(2027, 1, 31)
)
OURS = "# ours\n- check: ebs-volume-encrypted   # all of them\n  reason: r\n  owner: o\n  until: 2027-01-31\n"


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# none yet\n",
        OURS,
        OURS.rstrip("\n"),
        OURS.replace("\n", "\n  ").rstrip(),
        "---\n" + OURS,
        "\n\n" + OURS,
    ],
    ids=["new", "comments", "one", "no end of line", "indented", "document", "blank lines"],
)
def test_what_stands_there_stays(before: str, tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    if before:
        path.write_text(before)
    append_waivers(path, [WAIVER], KNOWN, ["about: it\nall"])
    text = path.read_text()
    assert text.startswith(before)
    assert "# about: it all\n" in text
    told = parse_waivers(text, "w.yaml", KNOWN)
    assert told.problems == ()
    assert told.waivers[-1].reason == "a: move # soon"
    assert len(told.waivers) == (2 if "ebs" in before else 1)


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("a: 1\n", "is no list of waivers"),
        ("[{check: ebs-volume-encrypted, reason: r, owner: o, until: 2027-01-31}]\n", "is a list in brackets"),
        (f"{OURS}...\n", "is written in a way that nothing can be added to|is not YAML"),
        (entry(WAIVER), "waives the same already"),
        ("- [", "is not YAML"),
    ],
)
def test_what_nothing_can_be_added_to(before: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(before)
    with pytest.raises(DemarcateError, match=says):
        append_waivers(path, [WAIVER], KNOWN)
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["waivers.yaml"]


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("")
    (tmp_path / "w.yaml").symlink_to(tmp_path / "real.yaml")
    with pytest.raises(DemarcateError, match="symbolic link"):
        append_waivers(tmp_path / "w.yaml", [WAIVER], KNOWN)


TEXTS = st.text(min_size=1, max_size=30).map(lambda text: " ".join(text.split())).filter(bool)


@settings(max_examples=60, deadline=None)
@given(reason=TEXTS, owner=TEXTS, resource=TEXTS.filter(lambda text: text.strip("*?")), value=TEXTS)
def test_whatever_is_written_is_read_so(reason: str, owner: str, resource: str, value: str) -> None:
    scope = WaiverScope(resources=(resource,), tags={value: value})
    waiver = Waiver(check="ebs-volume-encrypted", scope=scope, reason=reason, owner=owner, until=date(2027, 1, 31))
    told = parse_waivers(entry(waiver), "w.yaml", KNOWN)
    assert told.problems == ()
    (again,) = told.waivers
    assert (again.id, again.reason, again.owner, again.scope) == (waiver.id, reason, owner, scope)
