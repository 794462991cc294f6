"""What an X.509 certificate says: whose it is, for which names, until when, and with what key.

The standard library tells the key of no certificate, and nothing at all of one that it does not trust, so that
`cryptography` reads them. No signature is verified. Source: https://datatracker.ietf.org/doc/html/rfc5280
"""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from demarcate.base.errors import DemarcateError

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T", bound="x509.ExtensionType")

LARGEST: Final = 100_000
"""How many bytes a certificate, or the text that holds some, may have."""


class Certificate(msgspec.Struct, frozen=True):
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
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    if len(der) > LARGEST:
        raise NoCertificate(f"{len(der)} bytes are more than a certificate has ({LARGEST})")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a certificate that is read all the same
            return _told(x509.load_der_x509_certificate(der))
    except (ValueError, OverflowError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise NoCertificate(f"it is no certificate that can be read: {error}") from error


def _told(read: x509.Certificate) -> Certificate:
    from cryptography import x509

    kind, bits = _key(read)
    serial = f"{read.serial_number:x}"
    names = _extension(read, x509.SubjectAlternativeName)
    constraints = _extension(read, x509.BasicConstraints)
    return Certificate(
        subject=read.subject.rfc4514_string(),
        issuer=read.issuer.rfc4514_string(),
        names=(
            *(() if names is None else names.get_values_for_type(x509.DNSName)),
            *(() if names is None else map(str, names.get_values_for_type(x509.IPAddress))),
        ),
        not_before=read.not_valid_before_utc,
        not_after=read.not_valid_after_utc,
        key=kind,
        bits=bits,
        authority=constraints is not None and constraints.ca,
        serial=serial if len(serial) % 2 == 0 else f"0{serial}",
    )


def _extension(read: x509.Certificate, kind: type[T]) -> T | None:
    from cryptography import x509

    try:
        return read.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _key(read: x509.Certificate) -> tuple[str, int]:
    """The kind of a key and its length in bits, 0 where it has none; the identifier of a kind that is not known."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    try:
        match read.public_key():
            case rsa.RSAPublicKey(key_size=size):
                return "RSA", size
            case dsa.DSAPublicKey(key_size=size):
                return "DSA", size
            case ec.EllipticCurvePublicKey(key_size=size):
                return "EC", size
            case ed25519.Ed25519PublicKey():
                return "Ed25519", 0
            case ed448.Ed448PublicKey():
                return "Ed448", 0
    except (UnsupportedAlgorithm, ValueError):
        pass
    return read.public_key_algorithm_oid.dotted_string, 0


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
