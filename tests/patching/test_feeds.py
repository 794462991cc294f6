"""Feeds: read whole or refused, kept whole or not at all, and not believed once they are too old."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.patching import feeds
from demarcate.patching.feed_formats import (
    Exploited,
    FeedError,
    Parsed,
    Score,
    notices_of,
    parse_epss,
    parse_kev,
    parse_updateinfo,
    unpacked,
)
from tests.effort import effort

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOG4SHELL = "CVE-2021-44228"


def kev(released: str = "2026-11-27T15:00:00.1234Z", **changes: Any) -> bytes:
    entry = {
        "cveID": LOG4SHELL,
        "vendorProject": "Apache",
        "product": "Log4j2",
        "vulnerabilityName": "Apache Log4j2 Remote Code Execution Vulnerability",
        "dateAdded": "2021-12-10",
        "shortDescription": "…",
        "requiredAction": "Apply updates.",
        "dueDate": "2021-12-24",
        "knownRansomwareCampaignUse": "Known",
        "notes": "",
        "cwes": ["CWE-20"],
    }
    catalog = {"title": "CISA Catalog", "catalogVersion": "2026.11.27", "dateReleased": released, "count": 1}
    return json.dumps({**catalog, "vulnerabilities": [{**entry, **changes}]}).encode()


def epss(*rows: str, head: str = "#model_version:v2025.03.14,score_date:2026-11-28T00:00:00+0000") -> bytes:
    return "\n".join([head, "cve,epss,percentile", *(rows or (f"{LOG4SHELL},0.94358,0.99958",))]).encode()


NOTICES = b"""<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update author="linux-security@amazon.com" status="final" type="security" version="1.4">
    <id>ALAS2023-2023-001</id><title>rsyslog</title>
    <issued date="2023-02-17 20:41:00"/><updated date="2023-02-22 23:22:00"/>
    <severity>Important</severity><description>A flaw &amp; its fix.</description>
    <references><reference href="https://example.com" id="CVE-2022-24903" type="cve"/></references>
    <pkglist><collection short="amazon-linux-2023"><name>AL2023</name>
      <package arch="x86_64" epoch="0" name="rsyslog" release="1" version="8"><filename>rsyslog.rpm</filename></package>
    </collection></pkglist>
  </update>
</updates>"""


def test_what_a_feed_says() -> None:
    assert parse_kev(kev()) == Parsed(
        as_of=datetime(2026, 11, 27, 15, 0, 0, 123400, tzinfo=UTC),
        rows={
            LOG4SHELL: Exploited(
                added=date(2021, 12, 10),
                due=date(2021, 12, 24),
                name="Apache Log4j2 Remote Code Execution Vulnerability",
                ransomware=True,
                action="Apply updates.",
            )
        },
    )
    scores = parse_epss(gzip.compress(epss()))
    assert (scores.as_of, scores.rows) == (
        datetime(2026, 11, 28, tzinfo=UTC),
        {LOG4SHELL: Score(0.94358, 0.99958)},
    )
    notices = parse_updateinfo(gzip.compress(NOTICES))
    (notice,) = notices.rows.values()
    assert (notice.severity, notice.issued, notice.packages) == ("important", date(2023, 2, 17), ("rsyslog",))
    assert notices_of(notices.rows) == {"CVE-2022-24903": ["ALAS2023-2023-001"]}


HOSTILE: list[tuple[Callable[[bytes], Parsed], bytes, str]] = [
    (parse_kev, b"", "not CISA's catalog"),
    (parse_kev, b"[" * 100_000, "not CISA's catalog"),
    (parse_kev, kev(cveID="CVE-1"), "no CVE id"),
    (parse_kev, kev(dueDate="soon"), "not CISA's catalog"),
    (parse_kev, kev("2026-11-27"), "does not say its time zone"),
    (parse_kev, kev().replace(b'"count": 1', b'"count": 2'), "it says that it has 2 rows, and has 1"),
    (parse_kev, b'{"dateReleased": "2026-11-27T15:00:00Z", "count": 0, "vulnerabilities": []}', "it has no rows"),
    (parse_epss, b"\n".join(epss().splitlines()[:2]), "it has no rows"),
    (parse_epss, epss(f"{LOG4SHELL},0.9,0.9", f"{LOG4SHELL},0.1,0.1"), f"it has {LOG4SHELL} twice"),
    (parse_epss, b"cve,epss,percentile\n", "does not begin with #model_version"),
    (parse_epss, epss(head="#model_version:v1,score_date:2026-11-28"), "does not say its time zone"),
    (parse_epss, epss(f"{LOG4SHELL},1.5,0.9"), "line 3: expected a CVE id and two numbers from 0 to 1"),
    (parse_epss, epss(f"{LOG4SHELL},nan,0.9"), "line 3"),
    (parse_epss, epss(f"{LOG4SHELL},0.5"), "line 3"),
    (parse_epss, epss("CVE-2021-44228\u0663,0.5,0.5"), "line 3"),
    (parse_epss, b"\xff\xfe", "not UTF-8"),
    (parse_epss, gzip.compress(epss())[:-9], "it is cut off"),
    (parse_epss, b"\x1f\x8b" + b"x" * 50, "it is damaged"),
    (parse_updateinfo, b"<updates>", "it is no XML"),
    (parse_updateinfo, b'<?xml version="1.0" encoding="WTF-8"?><updates/>', "it is no XML"),
    (parse_updateinfo, b"<updates/>", "has no update notices"),
    (parse_updateinfo, b'<!DOCTYPE u [<!ENTITY a "b">]><updates>&a;</updates>', "declares a type of document"),
    (parse_updateinfo, b'<!DOCTYPE u SYSTEM "file:///etc/passwd"><updates/>', "declares a type of document"),
    (parse_updateinfo, NOTICES.replace(b"2023-02-17", b"not a day!"), "is no date"),
    (parse_updateinfo, b"<a>" * 50 + b"</a>" * 50, "nested too deeply"),
    (parse_updateinfo, NOTICES.replace(b"</updates>", NOTICES[NOTICES.index(b"<update ") :]), "not the id of one"),
]


@pytest.mark.parametrize(("parse", "raw", "words"), HOSTILE, ids=map(str, range(len(HOSTILE))))
def test_what_is_not_that_feed_is_refused_in_words(parse: Any, raw: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words):
        parse(raw)


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(FeedError, match="more than 1,000,000 bytes"):
        unpacked(gzip.compress(bytes(2_000_000)), 1_000_000)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "demarcate" / "feeds"


def test_a_feed_is_kept_whole_or_not_at_all(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "given"
    assert feeds.kept("kev") is None
    file.write_bytes(kev())
    feeds.update("kev", str(file), NOW)
    have = feeds.kept("kev")
    assert have is not None
    assert (have.rows[LOG4SHELL].ransomware, have.age(NOW), have.source) == (True, 0, str(file))
    whole = (home / "kev.json").read_bytes()
    for raw, words in (
        (b"{}", "not CISA's catalog"),
        (kev("2026-11-20T00:00:00Z"), "what is kept is newer"),
        (kev("2027-11-20T00:00:00Z"), "which is not yet"),
    ):
        file.write_bytes(raw)
        with pytest.raises(DemarcateError, match=words):
            feeds.update("kev", str(file), NOW)
        assert (home / "kev.json").read_bytes() == whole
    with pytest.raises(DemarcateError, match="cannot be read"):
        feeds.update("kev", str(tmp_path / "nowhere"), NOW)
    with pytest.raises(DemarcateError, match=r"only www\.cisa\.gov may be asked"):
        feeds.update("kev", "https://example.com/kev.json", NOW)
    with pytest.raises(DemarcateError, match="name a file, or an address at cdn"):
        feeds.update("updateinfo", None, NOW)
    (home / "kev.json").write_text("{}")
    with pytest.raises(DemarcateError, match="update this feed again"):
        feeds.kept("kev")


def test_a_feed_that_is_too_old_says_so_and_is_left_out(home: Path, tmp_path: Path) -> None:
    for name, raw in (("kev", kev()), ("epss", epss())):
        (tmp_path / name).write_bytes(raw)
        feeds.update(name, str(tmp_path / name), NOW)
    known = feeds.known(NOW + timedelta(days=10))
    assert (known.kev is not None, known.epss, known.notices) == (True, None, None)
    assert known.said == (
        "kev: of 2026-11-27, 10 days old",
        "epss: of 2026-11-28, 10 days old, and believed for 7: it is left out",
        "updateinfo: there is none: demarcate feeds update updateinfo",
    )


def test_the_verbs_list_and_update(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "now", lambda: NOW)
    (tmp_path / "epss.csv.gz").write_bytes(gzip.compress(epss()))
    done = CliRunner().invoke(app, ["feeds", "update", "epss", str(tmp_path / "epss.csv.gz")])
    assert (done.exit_code, "epss: 1 rows of 2026-11-28" in done.stderr) == (0, True), done.output
    listed = CliRunner().invoke(app, ["feeds", "list", "--format", "json"])
    rows = {row["feed"]: row for row in json.loads(listed.stdout)}
    assert listed.exit_code == 0
    assert (rows["epss"]["age in days"], rows["epss"]["believed until"], rows["kev"]["of"]) == (
        0,
        "2026-12-05",
        None,
    )
    monkeypatch.setattr(feeds, "now", lambda: NOW + timedelta(days=30))
    assert CliRunner().invoke(app, ["feeds", "list"]).exit_code == 1
    refused = CliRunner().invoke(app, ["feeds", "update", "kevv"])
    assert "there is no feed 'kevv'" in str(refused.exception)


def test_all_scores_of_a_day_are_read_in_little_time() -> None:
    raw = gzip.compress(epss(*(f"CVE-2020-{number:06},0.00042,0.05" for number in range(50_000))))
    with effort(5):
        assert len(parse_epss(raw).rows) == 50_000
