"""Certificates are read as `cryptography` reads them, and what is none is refused."""

from __future__ import annotations

import functools
import ipaddress
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.certificates import Certificate, NoCertificate, certificate, certificates

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2051, 2, 3, 4, 5, 6, tzinfo=UTC)


@functools.cache
def key_of(kind: str) -> Any:
    made: dict[str, Any] = {
        "RSA 1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505
        "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
        "EC 256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EC 384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "EC 521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "DSA 1024": lambda: dsa.generate_private_key(1024),  # noqa: S505
        "Ed25519 0": ed25519.Ed25519PrivateKey.generate,
    }
    return made[kind]()


def made(kind: str, *, names: bool = True, authority: bool = False, until: datetime = UNTIL) -> x509.Certificate:
    """A certificate that signs itself."""
    parts = [
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Köln GmbH"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com"),
    ]
    name, key = x509.Name(parts), key_of(kind)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 4711, FROM, until)
    if names:
        alternative = [x509.DNSName("*.example.com"), x509.IPAddress(ipaddress.ip_address("192.0.2.7"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    return builder.sign(key, None if kind.startswith("Ed") else hashes.SHA256())


@pytest.mark.parametrize(
    ("kind", "weak"),
    [
        *(("RSA 1024", True), ("RSA 2048", False), ("EC 256", False), ("EC 384", False), ("EC 521", False)),
        *(("DSA 1024", True), ("Ed25519 0", False)),
    ],
)
def test_what_a_certificate_says(kind: str, weak: bool) -> None:
    whole = made(kind, authority=kind == "EC 384")
    told = certificate(whole.public_bytes(Encoding.DER))
    assert told == Certificate(
        subject="CN=example.com,O=Köln GmbH",
        issuer="CN=example.com,O=Köln GmbH",
        names=("*.example.com", "192.0.2.7"),
        not_before=FROM,
        not_after=UNTIL,
        key=kind.split()[0],
        bits=int(kind.split()[1]),
        authority=kind == "EC 384",
        serial="1267",
    )
    assert (told.weak, told.own) == (weak, True)


def test_a_text_holds_several() -> None:
    both = [made("EC 256", names=False), made("EC 256", until=datetime(2049, 12, 31, tzinfo=UTC))]
    text = "".join(each.public_bytes(Encoding.PEM).decode() for each in both)
    first, second = certificates(f"a chain\n{text}")
    assert (first.names, second.not_after.year) == ((), 2049)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE-----\nAA=A\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
        "x" * 100_001,
    ],
)
def test_what_holds_none_is_refused(text: str) -> None:
    with pytest.raises(NoCertificate):
        certificates(text)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
@settings(max_examples=60)
def test_a_broken_one_is_read_or_refused(at: int, other: bytes) -> None:
    der = made("EC 256").public_bytes(Encoding.DER)
    at %= len(der)
    for broken in (der[:at], der[:at] + other + der[at + len(other) :]):
        try:
            certificate(broken)
        except NoCertificate:
            continue
