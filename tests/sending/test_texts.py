"""Lines of CEF, LEEF and syslog: what may not stand in them is escaped, or is not there."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.sending.destinations import Apprise
from demarcate.sending.opening import transport_of
from demarcate.sending.structs import Later, SendingError
from demarcate.sending.texts import cef, counted, leef, syslog
from demarcate.sending.transports.chat import message
from tests.sending.receivers import delivery

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("texts.yaml").read_text())


@pytest.mark.parametrize("case", CASES)
def test_a_line(case: dict[str, Any]) -> None:
    told = {key: value for key, value in case.items() if key not in ("format", "has")}
    assert case["has"] in syslog(delivery(1, **told), case["format"], "host").decode()


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_whatever_it_says_a_line_is_one_and_can_be_read_again(text: str) -> None:
    made = delivery(1, title=text or "x", text=text or "x")
    line = cef(made)
    assert len(line.splitlines()) == len(leef(made).splitlines()) == 1
    assert len(_cef_parts(line)) == 8
    attributes = leef(made).split("|", 6)[6].split("\t")
    assert all("=" in attribute for attribute in attributes)
    entry = syslog(made, "cef", "h o\nst")
    assert counted(entry) == str(len(entry)).encode() + b" " + entry


def _cef_parts(line: str) -> list[str]:
    """The header and the extension, as a reader takes them apart."""
    parts, at = [""], 0
    while at < len(line):
        if line[at] == "\\" and len(parts) < 8:
            parts[-1] += line[at + 1]
            at += 2
            continue
        if line[at] == "|" and len(parts) < 8:
            parts.append("")
        else:
            parts[-1] += line[at]
        at += 1
    return parts


def test_a_message_for_people_names_some() -> None:
    title, body = message([delivery(number) for number in range(1, 31)])
    assert title == "Demarcate: 30 things to know"
    assert len(body.splitlines()) == 21 and body.endswith("and 10 more")
    assert message([delivery(1)])[0] == "Demarcate: high: Volumes are encrypted"


class Chat:
    """What stands in for apprise."""

    takes = True
    told: list[str]

    def __init__(self) -> None:
        Chat.told = []

    def add(self, url: str) -> bool:
        return url.startswith("slack://")

    def notify(self, title: str, body: str, body_format: str) -> bool:
        if body_format != "text":
            raise ValueError
        Chat.told.append(title)
        return Chat.takes


def test_people_are_told_by_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", SimpleNamespace(Apprise=Chat))
    monkeypatch.setenv("CHAT", "slack://secret")
    transport = transport_of("chat", Apprise(url_variable="CHAT"), lambda: None)  # type: ignore[arg-type,return-value]
    transport.send([delivery(1), delivery(2)])
    assert Chat.told == ["Demarcate: 2 things to know"]
    monkeypatch.setattr(Chat, "takes", False)
    with pytest.raises(Later):
        transport.send([delivery(1)])
    monkeypatch.setenv("CHAT", "gopher://secret")
    with pytest.raises(SendingError, match="no URL that apprise knows") as refused:
        transport_of("chat", Apprise(url_variable="CHAT"), lambda: None)  # type: ignore[arg-type,return-value]
    assert "gopher" not in str(refused.value)
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SendingError, match=r"demarcate\[send\]"):
        transport_of("chat", Apprise(url_variable="CHAT"), lambda: None)  # type: ignore[arg-type,return-value]
