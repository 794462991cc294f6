"""Chains of digests verified offline: what is valid, altered, missing, a gap, or not known."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.logs.integrity.keys import Keys, pinned
from demarcate.logs.integrity.places import Copies
from demarcate.logs.integrity.verifying import State, Verified, verify
from tests.logs.chains import Trail, trail, write_keys

HOURS = 8


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return pinned([write_keys(tmp_path_factory.mktemp("keys") / "keys.json")])


def states(verified: Verified) -> dict[str, int]:
    """How many there are of each, of all chains together."""
    counts: Counter[str] = Counter()
    for (_, what, state), count in verified.counts.items():
        counts[f"{what} {state}"] += count
    return dict(counts)


def whole(hours: int = HOURS) -> dict[str, int]:
    """All but the newest digest and its two logs is valid: nothing here has its signature."""
    return {
        "digest valid": hours - 1,
        "digest unknown": 1,
        "log valid": 2 * (hours - 1),
        "log unknown": 2,
    }


@pytest.mark.parametrize(
    ("above", "below"), [("", ""), ("logs/", ""), ("logs/", "bucket/copy"), ("a/b/", "AWSLogs")]
)
def test_a_whole_chain_is_valid_wherever_its_copy_lies(tmp_path: Path, keys: Keys, above: str, below: str) -> None:
    made = trail(HOURS, above=above)
    made.write(tmp_path / ("" if below == "AWSLogs" else below))
    place = tmp_path / above / "AWSLogs" if below == "AWSLogs" else tmp_path
    assert states(verify(Copies(place), keys)) == whole()


def changed(data: bytes, **members: object) -> bytes:
    """A digest with other members."""
    return gzip.compress(json.dumps({**json.loads(gzip.decompress(data)), **members}).encode())


def log_altered(made: Trail) -> None:
    made.objects[made.logs[0]] = gzip.compress(b'{"Records":[]}')


def log_appended(made: Trail) -> None:
    made.objects[made.logs[0]] += b"more"


def log_member_appended(made: Trail) -> None:
    made.objects[made.logs[0]] += gzip.compress(b"{}")


def log_truncated(made: Trail) -> None:
    made.objects[made.logs[0]] = made.objects[made.logs[0]][:-9]


def log_plain(made: Trail) -> None:
    made.objects[made.logs[0]] = gzip.decompress(made.objects[made.logs[0]])


def log_packed_anew(made: Trail) -> None:
    made.objects[made.logs[0]] = gzip.compress(gzip.decompress(made.objects[made.logs[0]]), 9)


def log_missing(made: Trail) -> None:
    del made.objects[made.logs[0]]


def log_added(made: Trail) -> None:
    made.objects[made.logs[0].replace("_0000", "_9999")] = gzip.compress(b'{"Records":[]}')


def digest_altered(made: Trail) -> None:
    name = made.digests[2]
    made.objects[name] = changed(made.objects[name], logFiles=[])


def digest_moved(made: Trail) -> None:
    made.objects[made.digests[2]] = made.objects[made.digests[3]]


def digest_no_json(made: Trail) -> None:
    made.objects[made.digests[2]] = gzip.compress(b"[]")


def digest_missing(made: Trail) -> None:
    del made.objects[made.digests[2]]


def two_missing(made: Trail) -> None:
    for name in made.digests[2:4]:
        del made.objects[name]


def newest_two_missing(made: Trail) -> None:
    for name in made.digests[-2:]:
        del made.objects[name]


def first_missing(made: Trail) -> None:
    del made.objects[made.digests[0]]


def key_unknown(made: Trail) -> None:
    name = made.digests[2]
    made.objects[name] = changed(made.objects[name], digestPublicKeyFingerprint="0" * 32)


CASES: list[tuple[Callable[[Trail], None], dict[str, int]]] = [
    (log_altered, {"log valid": 13, "log altered": 1}),
    (log_appended, {"log valid": 13, "log altered": 1}),
    (log_member_appended, {"log valid": 13, "log altered": 1}),
    (log_truncated, {"log valid": 13, "log altered": 1}),
    (log_plain, {"log valid": 13, "log altered": 1}),
    (log_packed_anew, {}),
    (log_missing, {"log valid": 13, "log missing": 1}),
    (log_added, {"log unknown": 3}),
    # What a digest covered that is altered is covered by none.
    (digest_altered, {"digest valid": 6, "digest altered": 1, "log valid": 12, "log unknown": 4}),
    # Nothing has the signature of the digest before it any more.
    (
        digest_moved,
        {"digest valid": 5, "digest unknown": 2, "digest altered": 1, "log valid": 10, "log unknown": 6},
    ),
    (
        digest_no_json,
        {"digest valid": 5, "digest unknown": 2, "digest altered": 1, "log valid": 10, "log unknown": 6},
    ),
    (
        digest_missing,
        {"digest valid": 5, "digest unknown": 2, "digest missing": 1, "log valid": 10, "log unknown": 6},
    ),
    (
        two_missing,
        {
            "digest valid": 4,
            "digest unknown": 2,
            "digest missing": 1,
            "time gap": 1,
            "log valid": 8,
            "log unknown": 8,
        },
    ),
    (newest_two_missing, {"digest valid": 5, "log valid": 10, "log unknown": 6}),
    (first_missing, {"digest valid": 6, "digest unknown": 2, "log valid": 12, "log unknown": 4}),
    (key_unknown, {"digest valid": 6, "digest unknown": 2, "log valid": 12, "log unknown": 4}),
]


@pytest.mark.parametrize(("change", "differs"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_done_to_a_trail_is_told(
    change: Callable[[Trail], None], differs: dict[str, int], tmp_path: Path, keys: Keys
) -> None:
    made = trail(HOURS)
    change(made)
    verified = verify(Copies(made.write(tmp_path)), keys)
    assert states(verified) == {**whole(), **differs}
    assert all(told.why and told.name for told in verified.told)


def test_validation_that_was_off_is_a_gap(tmp_path: Path, keys: Keys) -> None:
    from datetime import timedelta

    from tests.logs.chains import BEGIN, grow

    made = trail(3)
    list(grow(made, 3, 2, begin=BEGIN + timedelta(hours=30)))
    verified = verify(Copies(made.write(tmp_path)), keys)
    (gap,) = [told for told in verified.told if told.state is State.GAP]
    assert gap.name == "2026-11-01T03:00:00Z/2026-11-02T06:00:00Z"
    assert states(verified)["digest unknown"] == 2  # the newest of each part


def test_backfill_digests_are_a_chain_of_their_own(tmp_path: Path, keys: Keys) -> None:
    made = trail(HOURS)
    late = trail(3, backfill=True, per_hour=1)
    # They cover the same files.
    made.objects.update({name: data for name, data in late.objects.items() if name not in made.objects})
    verified = verify(Copies(made.write(tmp_path)), keys)
    assert {chain for chain, _, _ in verified.counts} == {
        "111122223333 eu-west-1 main",
        "111122223333 eu-west-1 main (backfill)",
    }
    assert states(verified)["digest valid"] == HOURS - 1 + 2


def test_somebody_elses_signature_is_none(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from tests.logs.chains import fingerprint

    other = Keys()
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    other.add(fingerprint(), public.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    verified = verify(Copies(trail(3).write(tmp_path)), other)
    assert states(verified) == {"digest altered": 2, "digest unknown": 1, "log unknown": 6}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "list-public-keys"),
        ('{"PublicKeyList": []}', "no key"),
        ('{"PublicKeyList": [{"Value": "AAAA", "Fingerprint": "f"}]}', "'f'"),
        ('{"PublicKeyList": [{"Value": "no base64", "Fingerprint": "f"}]}', "'f'"),
    ],
)
def test_a_file_of_keys_that_is_none_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(DemarcateError, match=says):
        pinned([path])
