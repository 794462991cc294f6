"""attest and the verbs of the ledger, as people use them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.ledger import acting
from demarcate.ledger.acting import LONGEST, actor_of
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Head, Ledger
from demarcate.ledger.pins import add_pin, read_pins
from tests.ledger.test_databases import fill, verified
from tests.processes import demarcate

SIGN_IN = "configuration-management.federate-sign-in"
GIVEN = {"--statement": "Everybody signs in through Okta", "--until": "2999-12-31", "--as": "anna@example.com"}


def attest(place: Path, names: Sequence[str] = (SIGN_IN,), **options: str) -> list[str]:
    """A command that attests."""
    given = GIVEN | {f"--{name.rstrip('_')}": value for name, value in options.items()}
    return ["attest", *names, *(word for pair in given.items() for word in pair), "--ledger", str(place)]


def test_attest_records_who_says_what(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    link = "https://wiki.example.com/sign-in"
    done = demarcate(*attest(place, on="2026-01-02", account="111122223333", link=link))
    assert (done.returncode, done.stderr) == (0, f"{place}: recorded as entry 1, valid until 2999-12-31\n")
    with Ledger(str(place), reading=True) as ledger:
        (entry,) = ledger.entries()
    assert (entry.person, entry.caller) == ("anna@example.com", None)
    assert (entry.act.kind, entry.act.responsibility) == ("evidence-recorded", SIGN_IN)
    assert entry.act.after["by"] == "anna@example.com"
    assert entry.act.after["scope"] == {"accounts": ["111122223333"]}
    listed = demarcate("ledger", "list", "--ledger", place, "--kind", "evidence-recorded").stdout
    assert listed.splitlines()[1].split()[2:] == ["evidence-recorded", "anna@example.com", SIGN_IN]


@pytest.mark.parametrize(
    ("names", "options", "says"),
    [
        ([SIGN_IN], {"until": "31.12.2999"}, "valid-until is '31.12.2999'; expected a date as YYYY-MM-DD"),
        ([SIGN_IN], {"until": "2999-02-30"}, "valid-until is '2999-02-30'; expected a date"),
        ([SIGN_IN], {"until": "2001-01-01"}, "valid-until is 2001-01-01, before"),
        ([SIGN_IN], {"on": "2998-01-01"}, "on is 2998-01-01, after"),
        ([SIGN_IN], {"statement": "  "}, "statement is empty"),
        ([SIGN_IN], {"account": "12"}, "scope.accounts has '12'; expected the 12 digits"),
        ([SIGN_IN], {"region": "mars"}, "scope.regions has 'mars'"),
        ([SIGN_IN], {"service": "ec3"}, "there is no service 'ec3'"),
        ([SIGN_IN], {"as_": "a\nb"}, "--as takes the name or address of a person, on one line"),
        ([SIGN_IN], {"as_": " "}, "--as takes the name or address of a person, on one line"),
        (["federate-sign-in"], {}, f"there is no responsibility 'federate-sign-in'; did you mean {SIGN_IN}?"),
        (
            ["patch-management.patch-guest-os"],
            {},
            "patch-management.patch-guest-os is not proven by an attestation",
        ),
        ([SIGN_IN, "nothing.of-it"], {}, "there is no responsibility 'nothing.of-it'"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_what_cannot_be_attested_is_not_recorded(
    tmp_path: Path, names: list[str], options: dict[str, str], says: str
) -> None:
    place = tmp_path / "ledger.sqlite"
    refused = CliRunner().invoke(app, attest(place, names, **options)).exception
    assert isinstance(refused, DemarcateError), refused
    assert str(refused).startswith(says)
    assert not place.exists()


# --- Who acts -------------------------------------------------------------------------------------------


def test_who_is_named_counts_before_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "_GIT", ("/nonexistent",))
    assert actor_of(" anna ", "arn:aws:iam::111122223333:user/anna") == Actor(
        person="anna", caller="arn:aws:iam::111122223333:user/anna"
    )
    with pytest.raises(DemarcateError, match="--as takes"):
        actor_of("a" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (None, "say who you are"),
        ("exit 1", "say who you are"),
        ("echo", "say who you are"),
        ("printf '\\377'", "say who you are|git's user.email is"),
        ("sleep 600", "say who you are"),
        ("printf 'a\\033[31mb'", "git's user.email is the name or address of a person"),
        ("echo anna@example.com", None),
    ],
)
def test_git_says_it_or_nobody_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, says: str | None
) -> None:
    monkeypatch.setattr(acting, "_SECONDS", 0.5 if script == "sleep 600" else 600)
    monkeypatch.setattr(acting, "_GIT", (str(tmp_path / "git"),))
    if script is not None:
        (tmp_path / "git").write_text(f"#!/bin/sh\nexec 2>/dev/null\n{script.replace('sleep', 'exec sleep')}\n")
        (tmp_path / "git").chmod(0o755)
    if says is None:
        assert actor_of(None) == Actor(person="anna@example.com")
    else:
        with pytest.raises(DemarcateError, match=says):
            actor_of(None)


def test_the_address_that_git_has_is_recorded(tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nemail = anna@example.com\n")
    command = ("attest", SIGN_IN, "--statement", "a", "--until", "2999-12-31", "--ledger", tmp_path / "l")
    done = demarcate(*command, environment={"GIT_CONFIG_GLOBAL": str(config)}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with Ledger(str(tmp_path / "l"), reading=True) as ledger:
        assert [entry.person for entry in ledger.entries()] == ["anna@example.com"]
    done = demarcate(*command, environment={"GIT_CONFIG_GLOBAL": os.devnull}, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "say who you are (--as EMAIL, or git config" in done.stderr


# --- Pins and verify ------------------------------------------------------------------------------------


def test_a_pin_tells_what_was_cut_off(tmp_path: Path) -> None:
    place, shorter, pins = tmp_path / "ledger.sqlite", tmp_path / "shorter.sqlite", tmp_path / "pins"
    fill(str(place), 2)
    shorter.write_bytes(place.read_bytes())
    fill(str(place), 2)
    printed = demarcate("ledger", "pin", "--ledger", place)
    assert demarcate("ledger", "pin", "--ledger", place, "--out", pins).returncode == 0
    assert pins.read_text() == printed.stdout
    fill(str(place), 1)
    assert demarcate("ledger", "pin", "--ledger", place, "--out", pins).returncode == 0
    done = demarcate("ledger", "verify", "--ledger", place, "--pins", pins)
    assert (done.returncode, done.stdout) == (0, f"{place}: 5 entries, each in its place, as 2 pins had it\n")
    for command in (("verify", "--pins"), ("pin", "--out")):
        done = demarcate("ledger", command[0], "--ledger", shorter, command[1], pins)
        assert done.returncode == 1
        assert done.stdout.splitlines() == [
            "entry 3: truncated: the ledger ends at 2, and was pinned at 4",
            "entry 3: truncated: the ledger ends at 2, and was pinned at 5",
            f"{shorter}: damaged: 2 faults in 2 entries",
        ]
    assert len(pins.read_text().splitlines()) == 2
    assert demarcate("ledger", "verify", "--ledger", shorter).returncode == 0


def test_pins_that_are_added_at_once_are_all_there(tmp_path: Path) -> None:
    pins = tmp_path / "new" / "pins"
    heads = [Head(ledger="a", number=number, hash="b") for number in range(1, 41)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda head: add_pin(pins, head), heads))
    assert sorted(read_pins(pins), key=lambda head: head.number) == heads
    assert [path.name for path in pins.parent.iterdir()] == ["pins"]


def test_what_is_no_pin_is_refused(tmp_path: Path) -> None:
    place, pins = tmp_path / "ledger.sqlite", tmp_path / "pins"
    fill(str(place), 1)
    pins.write_text('\n{"ledger":"a","number":1}\n')
    for command in (("verify", "--pins"), ("pin", "--out")):
        done = demarcate("ledger", command[0], "--ledger", place, command[1], pins)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert f"{pins}:2: is no pin: " in done.stderr
    assert verified(str(place)) == 1


def test_an_earlier_time_is_told_and_is_no_fault(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    moments = iter([datetime(2026, 11, 28, hour, tzinfo=UTC) for hour in (10, 9)])
    with Ledger(str(place), now=lambda: next(moments)) as ledger:
        for _ in range(2):
            ledger.append(Actor(person="anna"), Act(kind="tested"))
    done = demarcate("ledger", "verify", "--ledger", place)
    assert done.returncode == 0
    assert done.stdout.startswith(
        "note: the time of 1 is before that of the entry before it, first of entry 2: a clock"
    )
