"""What an endpoint negotiates: real handshakes with the standard library, one for each version of TLS.

What this machine's OpenSSL cannot try is not known, and never taken for refused. Whether the certificate is trusted is
asked of the certificates that this machine trusts. Sources: https://docs.python.org/3/library/ssl.html,
https://datatracker.ietf.org/doc/html/rfc8996 (TLS 1.0 and 1.1 are not to be used)
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from demarcate.base.certificates import Certificate, NoCertificate, certificate, stands_for
from demarcate.base.errors import DemarcateError

PATIENCE: Final = 10.0
"""Seconds that an endpoint has for each handshake."""

SOON: Final = timedelta(days=30)
"""A certificate that ends sooner is told."""

LONGEST_CHAIN: Final = 20
"""How many certificates of a chain are read."""

VERSIONS: Final = {
    "SSL 3.0": ssl.TLSVersion.SSLv3,
    "TLS 1.0": ssl.TLSVersion.TLSv1,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
}
OLD: Final = frozenset({"SSL 3.0", "TLS 1.0", "TLS 1.1"})
"""Versions that nobody is to use any more."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A version of TLS: whether the endpoint accepts it (None where that is not known), and with what or why."""

    version: str
    accepts: bool | None
    told: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an endpoint negotiates. `chain` is what it sends, its own certificate first. `trusted` is None where that
    could not be asked, and `why_not` why it is not trusted, or that.
    """

    host: str
    port: int
    tried: tuple[Tried, ...]
    chain: tuple[Certificate, ...] = ()
    broken: str = ""
    trusted: bool | None = None
    why_not: str = ""
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def named(self) -> bool | None:
        """Whether its certificate is valid for the host; None without one."""
        return stands_for(self.chain[0], self.host) if self.chain else None

    @property
    def theirs(self) -> bool:
        """Whether it is an endpoint of an AWS service, and so AWS's half."""
        return is_of_aws(self.host)

    @property
    def wrong(self) -> list[str]:
        """What is wrong with it, in words."""
        told = [f"it accepts {each.version}" for each in self.tried if each.version in OLD and each.accepts]
        modern = [each.accepts for each in self.tried if each.version not in OLD]
        if modern and not any(each is not False for each in modern):
            told.append("it accepts neither TLS 1.2 nor TLS 1.3")
        if self.chain:
            told += _wrong_with(self.chain[0], self.moment)
            if not self.named:
                told.append(f"its certificate is not valid for {self.host}")
        if self.trusted is False:
            told.append(f"its certificate is not trusted here: {self.why_not}")
        return told

    @property
    def unknown(self) -> list[str]:
        """What is not known of it, in words."""
        told = [f"{each.version}: {each.told}" for each in self.tried if each.accepts is None]
        if self.broken:
            told.append(f"its certificate: {self.broken}")
        if self.trusted is None:
            told.append(f"whether its certificate is trusted: {self.why_not or 'there is none'}")
        return told


def _wrong_with(told: Certificate, moment: datetime) -> Iterator[str]:
    if told.not_after <= moment:
        yield f"its certificate expired on {told.not_after:%Y-%m-%d}"
    elif told.not_after <= moment + SOON:
        yield f"its certificate expires on {told.not_after:%Y-%m-%d}"
    if told.not_before > moment:
        yield f"its certificate is not valid before {told.not_before:%Y-%m-%d}"
    if told.weak:
        yield f"its key is short: {told.key}, {told.bits} bits"


# --- where it is ------------------------------------------------------------------------------------------


def place_of(text: str) -> tuple[str, int]:
    """The host and port of a text; 443 where none stands there. Raises DemarcateError.

    >>> place_of("example.com"), place_of("[::1]:8443")
    (('example.com', 443), ('::1', 8443))
    """
    told = _PLACE.fullmatch(text)
    port = int(told["port"] or 443) if told else 0
    host = (told["six"] or told["host"]) if told else ""
    if not 0 < port < 65_536 or not host or len(host) > 253:
        raise DemarcateError(f"{text!r} is no endpoint: expected HOST:PORT, such as example.com:443 or [::1]:8443")
    try:
        if told and told["six"]:
            ipaddress.IPv6Address(host)
        host.encode("idna")
    except ValueError as error:
        raise DemarcateError(f"{text!r} is no endpoint: {error}") from error
    return host, port


_PLACE: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/@\[\]?#]+))(?::(?P<port>[0-9]{1,5}))?")

_CUSTOMERS: Final = frozenset(
    {
        "elb",
        "execute-api",
        "rds",
        "cache",
        "redshift",
        "es",
        "aos",
        "docdb",
        "neptune",
        "lambda-url",
        "awsapprunner",
    }
)
"""Labels below which names of customers' own endpoints are, though they end in AWS's domain."""


def is_of_aws(host: str) -> bool:
    """Whether a name is that of a service's API, which AWS runs, and not of something that a customer set up.

    >>> [is_of_aws(at) for at in ("kms.eu-west-1.amazonaws.com", "web.eu-west-1.elb.amazonaws.com", "example.com")]
    [True, False, False]
    """
    host = host.rstrip(".").lower()
    domain = next(
        (each for each in (".amazonaws.com", ".amazonaws.com.cn", ".api.aws") if host.endswith(each)), None
    )
    if domain is None:
        return False
    labels = host.removesuffix(domain).split(".")
    return _CUSTOMERS.isdisjoint(labels) and any(label.removesuffix("-fips") in _prefixes() for label in labels)


@cache
def _prefixes() -> frozenset[str]:
    """The first labels of the services' endpoints: what botocore calls them, and where that differs."""
    from botocore.session import get_session

    return frozenset(get_session().get_available_services()) | {
        "monitoring",
        "elasticloadbalancing",
        "states",
        "api",
    }


# --- handshakes -------------------------------------------------------------------------------------------


def probe(host: str, port: int, *, moment: datetime | None = None) -> Endpoint:
    """What an endpoint negotiates. Raises DemarcateError where nothing answers there."""
    tried = []
    best: Sequence[bytes] = ()
    failed: list[str] = []
    for version, number in VERSIONS.items():
        if why := cannot_try(number):
            tried.append(Tried(version, None, why))
            continue
        accepts, told, sent = _try(host, port, number)
        failed += [told] if accepts is None else []
        best = sent or best
        tried.append(Tried(version, accepts, told))
    if failed and not any(each.accepts is not None for each in tried):
        raise DemarcateError(f"{host}:{port}: nothing that speaks TLS answers: {failed[-1]}")
    tried = _settled(tried)
    chain, broken = _read(best)
    trusted, why_not = _is_trusted(host, port) if chain else (None, "")
    return Endpoint(host, port, tuple(tried), chain, broken, trusted, why_not, moment or datetime.now(UTC))


def _settled(tried: list[Tried]) -> list[Tried]:
    """Where an endpoint accepts a version, it refuses those at which it ends the connection; else that is not known."""
    if any(each.accepts for each in tried):
        return [Tried(each.version, False, each.told) if each.told == ENDED else each for each in tried]
    return tried


ENDED: Final = "it ends the connection"


@cache
def cannot_try(version: ssl.TLSVersion) -> str:
    """Why this machine's OpenSSL cannot try a version; empty where it can: it writes a first message then."""
    try:
        context = _context(version)
        out = ssl.MemoryBIO()
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        return "" if out.pending else f"{ssl.OPENSSL_VERSION} sends nothing for it"
    except (ssl.SSLError, ValueError, OSError) as error:
        return f"{ssl.OPENSSL_VERSION} cannot try it ({getattr(error, 'reason', None) or error})"
    return ""


def _context(version: ssl.TLSVersion) -> ssl.SSLContext:
    """What tries one version, with whatever ciphers there are, and looks at no certificate. Nothing is sent by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = version
    context.maximum_version = version
    return context


def _try(host: str, port: int, version: ssl.TLSVersion) -> tuple[bool | None, str, Sequence[bytes]]:
    """Whether a version is accepted, with which cipher or why not, and the certificates that were sent."""
    try:
        with _connected(host, port, _context(version)) as secured:
            cipher = secured.cipher() or ("", "", 0)
            return True, f"{cipher[0]}, {cipher[2]} bits", _sent(secured)
    except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError):
        return None, ENDED, ()
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        if reason in _NO_TLS:
            return None, f"it does not speak TLS ({reason})", ()
        return False, f"it refuses it ({reason})", ()
    except OSError as error:
        return None, error.strerror or str(error) or type(error).__name__, ()


_NO_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
)
"""Reasons of OpenSSL for what is no message of TLS."""


def _connected(host: str, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), timeout=PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _sent(secured: ssl.SSLSocket) -> Sequence[bytes]:
    """The certificates that an endpoint sent, in DER; where this Python cannot tell all, its own."""
    told: Callable[[], Any] | None = getattr(secured, "get_unverified_chain", None)  # from Python 3.13 on
    told = told or getattr(getattr(secured, "_sslobj", None), "get_unverified_chain", None)
    chain = (told() or ())[:LONGEST_CHAIN] if told is not None else ()
    if chain:
        return [
            each if isinstance(each, bytes) else ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain
        ]
    own = secured.getpeercert(binary_form=True)
    return [own] if own else []


def _read(chain: Sequence[bytes]) -> tuple[tuple[Certificate, ...], str]:
    """The certificates of a chain, as far as they can be read, and why no further."""
    told: list[Certificate] = []
    for each in chain:
        try:
            told.append(certificate(each))
        except NoCertificate as error:
            return tuple(told), str(error)
    return tuple(told), ""


def _is_trusted(host: str, port: int) -> tuple[bool | None, str]:
    """Whether this machine trusts the certificate, whatever it stands for; None where that could not be asked."""
    context = ssl.create_default_context()
    context.check_hostname = False
    try:
        with _connected(host, port, context):
            return True, ""
    except ssl.SSLCertVerificationError as error:
        return False, error.verify_message
    except OSError as error:
        return None, getattr(error, "reason", None) or error.strerror or str(error)
