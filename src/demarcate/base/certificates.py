"""What an X.509 certificate says: whose it is, for which names, until when, and with what key.

The standard library tells the key of no certificate, and nothing at all of one that it does not trust. So the few
fields that are judged are read here, and no signature is verified. Sources:
https://datatracker.ietf.org/doc/html/rfc5280 (certificates), https://datatracker.ietf.org/doc/html/rfc3279 and
https://datatracker.ietf.org/doc/html/rfc8410 (keys), https://www.itu.int/rec/T-REC-X.690 (DER)
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from demarcate.base.errors import DemarcateError

LARGEST: Final = 100_000
"""How many bytes a certificate, or the text that holds some, may have."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate. `names` are the DNS names and addresses it stands for. `key` is its kind, and `bits` its length,
    0 where the kind has none that is told. `own` says that it names itself as its issuer, as a root does.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str
    bits: int
    authority: bool
    serial: str

    @property
    def own(self) -> bool:
        """Whether its issuer is called as it is."""
        return self.subject == self.issuer

    @property
    def weak(self) -> bool | None:
        """Whether its key is too short to be trusted (NIST SP 800-57: 112 bits of strength); None where not known.

        Source: https://doi.org/10.6028/NIST.SP.800-57pt1r5, table 2
        """
        least = _LEAST.get(self.key)
        return None if least is None or (least and not self.bits) else self.bits < least


_LEAST: Final = {"RSA": 2048, "DSA": 2048, "EC": 224, "Ed25519": 0, "Ed448": 0}


class NoCertificate(DemarcateError, ValueError):
    """What was given is no certificate."""


def certificates(text: str) -> list[Certificate]:
    """The certificates of a text in PEM, in order. Raises NoCertificate where it holds none, or a broken one."""
    if len(text) > LARGEST:
        raise NoCertificate(f"a text of {len(text)} characters is longer than certificates are ({LARGEST})")
    blocks = _PEM.findall(text)
    if not blocks:
        raise NoCertificate("there is no certificate in it: expected -----BEGIN CERTIFICATE-----")
    try:
        return [certificate(base64.b64decode("".join(block.split()), validate=True)) for block in blocks]
    except binascii.Error as error:
        raise NoCertificate(f"a certificate in it is no base64: {error}") from error


_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def certificate(der: bytes) -> Certificate:
    """A certificate in DER. Raises NoCertificate for what is none."""
    if len(der) > LARGEST:
        raise NoCertificate(f"{len(der)} bytes are more than a certificate has ({LARGEST})")
    try:
        return _certificate(der)
    except (ValueError, IndexError, StopIteration, OverflowError) as error:
        raise NoCertificate(f"it is no certificate that can be read: {error}") from error


# --- DER --------------------------------------------------------------------------------------------------

_SEQUENCE, _SET, _INTEGER, _BITS, _OID, _OCTETS, _BOOLEAN = 0x30, 0x31, 0x02, 0x03, 0x06, 0x04, 0x01
_UTC_TIME, _TIME = 0x17, 0x18

_Value = tuple[int, bytes]


def _values(data: bytes) -> Iterator[_Value]:
    """The values that stand one behind the other. Raises ValueError for what is cut."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if tag & 0x1F == 0x1F:
            raise ValueError("a tag of more than one byte")
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4:
                raise ValueError("a length that DER does not have")
            length = int.from_bytes(data[at : at + count])
            at += count
        if at + length > len(data):
            raise ValueError("it is cut")
        yield tag, data[at : at + length]
        at += length


def _inside(value: _Value, tag: int) -> list[_Value]:
    return list(_values(_content(value, tag)))


def _content(value: _Value, tag: int) -> bytes:
    if value[0] != tag:
        raise ValueError(f"the tag {value[0]:#x} where {tag:#x} is expected")
    return value[1]


def _oid(content: bytes) -> str:
    first, numbers, number = content[0], [], 0
    for byte in content[1:]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    return ".".join(map(str, (min(first // 40, 2), first - 40 * min(first // 40, 2), *numbers)))


# --- the fields -------------------------------------------------------------------------------------------


def _certificate(der: bytes) -> Certificate:
    told, *_ = _inside(next(_values(der)), _SEQUENCE)
    fields = _inside(told, _SEQUENCE)
    if fields[0][0] == 0xA0:  # the version
        fields = fields[1:]
    serial, _, issuer, validity, subject, key = fields[:6]
    begins, ends = _inside(validity, _SEQUENCE)
    kind, bits = _key(key)
    extensions = dict(_extensions(fields[6:]))
    called = _name(subject)
    names = tuple(_names(extensions[_ALTERNATIVE])) if _ALTERNATIVE in extensions else ()
    return Certificate(
        subject=called,
        issuer=_name(issuer),
        names=names,
        not_before=_moment(begins),
        not_after=_moment(ends),
        key=kind,
        bits=bits,
        authority=_is_authority(extensions.get(_CONSTRAINTS)),
        serial=_content(serial, _INTEGER).hex(),
    )


_ALTERNATIVE: Final = "2.5.29.17"
_CONSTRAINTS: Final = "2.5.29.19"

_ATTRIBUTES: Final = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O"} | {
    "2.5.4.11": "OU"
}

_WORDS: Final = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
"""In what the strings of a name are written, by their tag."""


def _name(value: _Value) -> str:
    """A name as it is usually written, its most special part first."""
    parts = []
    for each in _inside(value, _SEQUENCE):
        for pair in _inside(each, _SET):
            kind, text = _inside(pair, _SEQUENCE)
            called = _oid(_content(kind, _OID))
            word = text[1].decode(_WORDS.get(text[0], "latin-1"), errors="replace")
            parts.append(f"{_ATTRIBUTES.get(called, called)}={word}")
    return ",".join(reversed(parts))


def _moment(value: _Value) -> datetime:
    text = value[1].decode("ascii")
    if value[0] == _UTC_TIME:  # two digits of the year: RFC 5280, 4.1.2.5.1
        text = ("19" if text[:2] >= "50" else "20") + text
    elif value[0] != _TIME:
        raise ValueError("no moment where one is expected")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


_KINDS: Final = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}

_CURVES: Final = {
    "1.2.840.10045.3.1.1": 192,
    "1.3.132.0.33": 224,
    "1.2.840.10045.3.1.7": 256,
    "1.3.132.0.10": 256,
    "1.3.132.0.34": 384,
    "1.3.132.0.35": 521,
}


def _key(value: _Value) -> tuple[str, int]:
    """The kind of a key and its length in bits; the identifier of a kind that is not known, and 0."""
    algorithm, bits = _inside(value, _SEQUENCE)
    identifier, *parameters = _inside(algorithm, _SEQUENCE)
    called = _oid(_content(identifier, _OID))
    kind = _KINDS.get(called, called)
    if kind == "RSA":
        modulus, _ = _inside(next(_values(_content(bits, _BITS)[1:])), _SEQUENCE)
        return kind, int.from_bytes(_content(modulus, _INTEGER)).bit_length()
    if kind == "DSA" and parameters:
        prime, *_ = _inside(parameters[0], _SEQUENCE)
        return kind, int.from_bytes(_content(prime, _INTEGER)).bit_length()
    if kind == "EC" and parameters and parameters[0][0] == _OID:
        return kind, _CURVES.get(_oid(parameters[0][1]), 0)
    return kind, 0


def _extensions(fields: list[_Value]) -> Iterator[tuple[str, bytes]]:
    for tag, content in fields:
        if tag != 0xA3:
            continue
        for each in _inside(next(_values(content)), _SEQUENCE):
            identifier, *rest = _inside(each, _SEQUENCE)
            yield _oid(_content(identifier, _OID)), _content(rest[-1], _OCTETS)


def _names(content: bytes) -> Iterator[str]:
    """The DNS names and addresses among the alternative names."""
    for tag, value in _inside(next(_values(content)), _SEQUENCE):
        if tag == 0x82:
            yield value.decode("ascii", errors="replace")
        elif tag == 0x87 and len(value) in (4, 16):
            yield str(ipaddress.ip_address(value))


def _is_authority(content: bytes | None) -> bool:
    if content is None:
        return False
    parts = _inside(next(_values(content)), _SEQUENCE)
    return bool(parts) and parts[0][0] == _BOOLEAN and parts[0][1] != b"\x00"


def stands_for(told: Certificate, host: str) -> bool:
    """Whether a certificate is one of a host: a name in full, or with a wildcard for its first label (RFC 9525).

    >>> from datetime import UTC, datetime
    >>> now = datetime.now(UTC)
    >>> told = Certificate("CN=a", "CN=b", ("*.example.com", "192.0.2.7"), now, now, "EC", 256, False, "01")
    >>> [stands_for(told, host) for host in ("WWW.example.com", "a.b.example.com", "example.com", "192.0.2.7")]
    [True, False, False, True]
    """
    host = host.rstrip(".").lower()
    names = {name.rstrip(".").lower() for name in told.names}
    rest = host.partition(".")[2]
    return host in names or ("." in rest and f"*.{rest}" in names)
