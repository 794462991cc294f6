"""The outbox: nothing is lost, told twice without need, or out of order."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from demarcate.ledger.ledger import Ledger
from demarcate.sending import outbox
from demarcate.sending.closing import resolved
from demarcate.sending.delivering import ALONE, Outcome, deliver
from demarcate.sending.destinations import Destination, Quiet
from demarcate.sending.structs import Answer, Delivery, Item, Later, State
from tests import processes
from tests.ledger.conftest import backend, place, server  # noqa: F401 - fixtures
from tests.sending.receivers import item

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


class Told:
    """A transport that does what it is told, call by call, and then takes everything."""

    def __init__(self, *does: Later | Answer, most: int = 10) -> None:
        self.most = most
        self.does = list(does)
        self.sent: list[list[str]] = []
        self.keys: list[str] = []

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        self.sent.append([each.item.id for each in deliveries])
        self.keys += [each.key for each in deliveries]
        does = self.does.pop(0) if self.does else Answer()
        if isinstance(does, Later):
            raise does
        return does


def detection(count: int, state: State = "open") -> Item:
    """A detection of so many events."""
    told = item("d", state)
    event = {**told.event, "class_uid": 2004, "class_name": "Detection Finding", "count": count}
    return replace(told, kind="detection", event=event)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(str(tmp_path / "ledger.sqlite"))


def send(
    ledger: Ledger, transport: Told, after: float = 0, to: Destination | None = None, **more: bool
) -> Outcome:
    moment = NOW + timedelta(seconds=after)
    return deliver(ledger, "siem", to or Destination(), transport, now=lambda: moment, **more)


def test_a_state_is_told_once(place: str) -> None:  # noqa: F811
    """In SQLite and PostgreSQL alike."""
    with Ledger(place) as ledger:
        assert outbox.enqueue(ledger, "siem", [item("a"), item("b"), item("a")], NOW) == 2
        assert outbox.enqueue(ledger, "siem", [item("a")], NOW) == 0
        assert outbox.enqueue(ledger, "other", [item("a")], NOW) == 1
        transport = Told(most=1)
        assert send(ledger, transport).delivered == 2
        assert transport.sent == [["a"], ["b"]]
        assert (
            outbox.enqueue(ledger, "siem", [item("a"), item("b", "waived", moment="2026-11-30T00:00:00Z")], NOW)
            == 1
        )
        assert send(ledger, transport).delivered == 1
        assert outbox.enqueue(ledger, "siem", [item("b")], NOW) == 0, "it is of an earlier moment"
        assert outbox.enqueue(ledger, "siem", [item("b", moment="2026-12-01T00:00:00Z")], NOW) == 1
        send(ledger, transport)
        assert len(set(transport.keys)) == len(transport.keys) == 4
        assert outbox.lines(ledger, ["siem"]) == []
        assert [line.destination for line in outbox.lines(ledger)] == ["other"]


def test_a_detection_is_told_again_when_it_has_grown(ledger: Ledger) -> None:
    """As an update of the same finding; to people it is told once, and fewer events are no news."""
    assert outbox.enqueue(ledger, "siem", [detection(2)], NOW) == 1
    assert outbox.enqueue(ledger, "siem", [detection(2), detection(1)], NOW) == 0
    assert outbox.enqueue(ledger, "siem", [detection(5)], NOW, grown=False) == 0
    assert outbox.enqueue(ledger, "siem", [detection(5), detection(5)], NOW) == 1
    assert outbox.enqueue(ledger, "siem", [detection(5, "waived"), detection(6, "waived")], NOW) == 2
    told = outbox.waiting(ledger, "siem", 10)
    assert len({each.key for each in told}) == 4
    assert [(each.item.event.get("activity_name"), each.item.event["count"]) for each in told] == [
        *((None, 2), ("Update", 5), (None, 5), ("Update", 6)),
    ]
    assert told[1].item.event["type_uid"] == 200402
    assert {each.item.event["finding_info"]["uid"] for each in told} == {"d"}


def test_what_was_never_told_is_not_told_as_done(ledger: Ledger) -> None:
    assert outbox.enqueue(ledger, "siem", [item("a", "resolved"), item("b", "waived")], NOW) == 0


def test_a_receiver_that_is_down_loses_nothing(ledger: Ledger) -> None:
    """However often it is tried: it waits twice as long each time, and an hour at most."""
    outbox.enqueue(ledger, "siem", [item("a"), item("b")], NOW)
    moment, waits = 0.0, []
    for _ in range(2 * outbox.MOST_FAULTS):
        down = Told(Later("refused", counts=False), most=1)
        outcome = send(ledger, down, moment)
        assert (down.sent, outcome.waiting, outcome.dead, outcome.failed) == ([["a"]], 2, 0, True)
        first = outbox.lines(ledger)[0]
        due = datetime.fromisoformat(first.due).timestamp() - NOW.timestamp()
        waits.append(due - moment)
        early = Told()
        assert send(ledger, early, due - 1).why == f"it is tried again at {first.due}"
        assert early.sent == [], "b does not overtake a"
        moment = due
    assert waits[:4] == [5, 10, 20, 40]
    assert max(waits) == 3600
    up = Told()
    assert send(ledger, up, moment).delivered == 2
    assert up.sent == [["a", "b"]]


def test_what_a_receiver_cannot_bear_is_given_up_alone(ledger: Ledger) -> None:
    outbox.enqueue(ledger, "siem", [item("bad"), item("good")], NOW)
    moment = 0.0
    sizes = []
    for _ in range(outbox.MOST_FAULTS):
        transport = Told(Later("answered 500", counts=True))
        outcome = send(ledger, transport, moment)
        sizes.append(len(transport.sent[0]))
        moment += 3600
    assert sizes == [2] * ALONE + [1] * (outbox.MOST_FAULTS - ALONE)
    assert (outcome.dead, outcome.delivered, outcome.waiting) == (1, 1, 0)
    (dead,) = outbox.lines(ledger, dead=True)
    assert (dead.item, dead.why, dead.attempts) == ("bad", "answered 500", outbox.MOST_FAULTS)
    assert outbox.retry(ledger, [dead.number + 1], [], NOW) == 0
    assert outbox.retry(ledger, [dead.number], ["siem"], NOW) == 1
    assert send(ledger, Told()).delivered == 1


def test_what_is_refused_is_given_up_and_the_rest_goes_on(ledger: Ledger) -> None:
    outbox.enqueue(ledger, "siem", [item("a"), item("b"), item("c")], NOW)
    transport = Told(Answer(refused={1: "no\n\x1b such"}, later={3: "busy"}))
    outcome = send(ledger, transport)
    assert (outcome.delivered, outcome.dead, outcome.waiting, outcome.failed) == (1, 1, 1, True)
    assert [(line.status, line.item, line.why) for line in outbox.lines(ledger)] == [
        ("dead", "a", "no \ufffd such"),
        ("waiting", "c", "busy"),
    ]


def test_what_has_another_state_since_is_not_sent_again(place: str) -> None:  # noqa: F811
    with Ledger(place) as ledger:
        outbox.enqueue(ledger, "siem", [item("a"), item("b")], NOW)
        send(ledger, Told(Answer(refused={1: "no", 2: "no"})))
        outbox.enqueue(ledger, "siem", [item("a", "resolved", moment="2026-11-30T00:00:00Z")], NOW)
        transport = Told()
        send(ledger, transport)
        assert outbox.retry(ledger, [], [], NOW) == 1
        send(ledger, transport)
        assert transport.sent == [["a"], ["b"]]
        assert outbox.lines(ledger) == []


def test_one_run_at_a_time_sends(ledger: Ledger) -> None:
    outbox.enqueue(ledger, "siem", [item("a")], NOW)
    transport = Told()
    with ledger.hold("send siem"), Ledger(ledger.name) as other:
        assert send(other, transport).why == "another run is sending to it"
    assert transport.sent == []
    assert send(ledger, transport).delivered == 1


def test_quiet_hours(ledger: Ledger) -> None:
    """Three in the morning in UTC is four in Berlin; what is critical overtakes the rest."""
    quiet = Destination(quiet=Quiet(begin="22:00", end="07:00", zone="Europe/Berlin"))
    outbox.enqueue(ledger, "siem", [item("low", severity="low"), item("worst", severity="critical")], NOW)
    transport = Told()
    outcome = send(ledger, transport, to=quiet)
    assert (transport.sent, outcome.waiting, outcome.failed) == ([["worst"]], 1, False)
    assert outcome.why == "quiet until 2026-11-29T06:00:00Z"
    assert send(ledger, transport, 3 * 3600, quiet).delivered == 1
    outbox.enqueue(ledger, "siem", [item("next", severity="low")], NOW)
    assert send(ledger, transport, to=quiet, flush=True).delivered == 1


@pytest.mark.parametrize(
    ("begin", "end", "now", "until"),
    [
        ("22:00", "07:00", "2026-11-29T21:59:59", None),
        ("22:00", "07:00", "2026-11-29T22:00:00", "2026-11-30T07:00:00"),
        ("22:00", "07:00", "2026-11-29T07:00:00", None),
        ("12:00", "13:00", "2026-11-29T12:30:00", "2026-11-29T13:00:00"),
        ("12:00", "13:00", "2026-11-29T13:00:00", None),
    ],
)
def test_when_quiet_hours_end(begin: str, end: str, now: str, until: str | None) -> None:
    told = Quiet(begin=begin, end=end).until(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (told and told.replace(tzinfo=None).isoformat()) == until


def test_a_digest_is_gathered(ledger: Ledger) -> None:
    hourly = Destination(digest=60)
    outbox.enqueue(ledger, "siem", [item("a")], NOW)
    transport = Told()
    outbox.enqueue(ledger, "siem", [item("b")], NOW + timedelta(minutes=30))
    assert send(ledger, transport, 3599, hourly).why == "gathered until 2026-11-29T04:00:00Z"
    assert send(ledger, transport, 3600, hourly).delivered == 2
    assert transport.sent == [["a", "b"]]


def test_what_is_no_longer_there_is_resolved(ledger: Ledger) -> None:
    outbox.enqueue(ledger, "siem", [item("gone", account="1"), item("there"), item("unread", account="2")], NOW)
    gone = list(resolved(ledger, "siem", {"there"}, "2026-11-30T00:00:00Z", lambda item: item.account == "1"))
    assert [(each.id, each.state, each.event["status"]) for each in gone] == [("gone", "resolved", "Resolved")]
    assert gone[0].event["type_uid"] == 200303
    assert outbox.enqueue(ledger, "siem", gone, NOW) == 1
    assert (
        list(resolved(ledger, "siem", {"there"}, "2026-12-01T00:00:00Z", lambda item: item.account == "1")) == []
    )


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from demarcate.ledger.ledger import Ledger
from demarcate.sending import outbox
from demarcate.sending.delivering import deliver
from demarcate.sending.destinations import Destination
from tests.sending.receivers import item

place, moment = sys.argv[1:]

class Dies:
    most = 1
    def send(self, deliveries):
        if moment == "sent":
            os.write(1, deliveries[0].key.encode())
        os.kill(os.getpid(), signal.SIGKILL)

with Ledger(place) as ledger:
    outbox.enqueue(ledger, "siem", [item("a")], datetime.now(UTC))
    deliver(ledger, "siem", Destination(), Dies(), now=lambda: datetime.now(UTC))
"""


@pytest.mark.parametrize("moment", ["enqueued", "sent"])
def test_a_killed_run_loses_nothing(tmp_path: Path, moment: str) -> None:
    """What was taken, and not written down, is sent again under the same key."""
    kept = str(tmp_path / "ledger.sqlite")
    root = Path(__file__).parent.parent.parent
    environment = {"PYTHONPATH": f"{root / 'src'}:{root}"}
    ended = processes.run(sys.executable, "-c", KILLED, kept, moment, environment=environment)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    transport = Told()
    with Ledger(kept) as ledger:
        outcome = deliver(ledger, "siem", Destination(), transport, now=lambda: datetime.now(UTC))
    assert outcome.delivered == 1
    assert ended.stdout in ("", transport.keys[0])
    assert (moment == "sent") == bool(ended.stdout)
