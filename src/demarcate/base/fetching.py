"""Documents from the web, and calls of others' interfaces: over HTTPS alone but on this machine, within a limit and a
time, and only where a user named the address.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Mapping
from http.client import HTTPException
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from demarcate.base.errors import DemarcateError
from demarcate.base.limits import MAX_BYTES

SECONDS = 30
"""How long an answer may keep us waiting, until it begins and until it ends."""


class _OnlyHttps(HTTPRedirectHandler):
    """Follows no redirect to anything but HTTPS, nor to another host than those that may be asked, if any are named."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = hosts

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> Request | None:
        parts = urlsplit(newurl)
        if parts.scheme != "https":
            fp.close()
            raise URLError("it redirects to what is not https")
        if self._hosts and parts.hostname not in self._hosts:
            fp.close()
            raise URLError(f"it redirects to {parts.hostname}, which is not asked")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def is_url(name: str) -> bool:
    """Whether a name is an address of the web, of any scheme, and no path."""
    return "://" in name


def shown_url(url: str) -> str:
    """An address as it may be shown: without a password, and without what may be a token.

    >>> shown_url("https://me:secret@example.com/facts.yaml?token=secret")
    'https://example.com/facts.yaml'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _within(answer: IO[bytes], shown: str, limit: int) -> bytes:
    """An answer, or more than may be read of it. Raises DemarcateError where it trickles."""
    end, raw = time.monotonic() + SECONDS, bytearray()
    while len(raw) <= limit and (part := answer.read1(1 << 16)):  # type: ignore[attr-defined]
        raw += part
        if time.monotonic() > end:
            raise DemarcateError(f"{shown}: the answer took more than {SECONDS} seconds")
    return bytes(raw)


def fetch_text(url: str) -> str:
    """The text (UTF-8) of a document on the web. Raises DemarcateError as `fetch` does, and where it is no text."""
    raw = fetch(url)
    try:
        return str(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DemarcateError(f"{shown_url(url)}: is not UTF-8 text") from error


def fetch(url: str, limit: int | None = None, hosts: Collection[str] = ()) -> bytes:
    """A document on the web, of up to `limit` bytes (MAX_BYTES); only of these hosts, if any are named.

    Raises DemarcateError for an address that is not HTTPS or has a password in it, for a certificate that is not
    trusted, and for an answer that is an error, is larger, or does not come in time.
    """
    shown, limit = shown_url(url), MAX_BYTES if limit is None else limit
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise DemarcateError(f"{shown}: {error}") from error
    if parts.scheme != "https" or not host:
        raise DemarcateError(f"{shown}: only https addresses are read, or a file")
    if "@" in parts.netloc:
        raise DemarcateError(f"{shown}: has a user or password in it; name an address that needs none")
    if hosts and host not in hosts:
        raise DemarcateError(f"{shown}: only {' and '.join(sorted(hosts))} may be asked for this, or a file")
    opener = OpenerDirector()
    secure = HTTPSHandler(context=ssl.create_default_context())
    for handler in (ProxyHandler(), secure, _OnlyHttps(hosts), HTTPErrorProcessor(), HTTPDefaultErrorHandler()):
        opener.add_handler(handler)
    request = Request(url, headers={"User-Agent": "demarcate"})  # noqa: S310 - its scheme is https
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            raw = _within(answer, shown, limit)
    except HTTPError as error:
        error.close()
        raise DemarcateError(f"{shown}: answered {error.code}") from error
    except (OSError, ValueError, HTTPException) as error:
        raise DemarcateError(f"{shown}: cannot be read: {getattr(error, 'reason', error)}") from error
    if len(raw) > limit:
        raise DemarcateError(f"{shown}: has more than {limit:,} bytes; at most {limit:,} are read")
    return raw


def is_loopback(url: str) -> bool:
    """Whether an address is one of this machine alone.

    >>> is_loopback("http://127.0.0.1:8080"), is_loopback("http://127.0.0.1.example.com")
    (True, False)
    """
    try:
        return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        return False


def ask(url: str, method: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
    """What is answered to a call of JSON, whichever its status: that, and the answer. No redirect is followed.

    It is sent once. Raises OSError where it is not answered (URLError says why), and DemarcateError for an answer that
    is too large or takes too long.
    """
    opener = OpenerDirector()
    loopback = is_loopback(url)
    opener.add_handler(HTTPSHandler(context=ssl.create_default_context()))
    opener.add_handler(HTTPHandler() if loopback else ProxyHandler())
    sent = {"User-Agent": "demarcate", **headers, **({"Content-Type": "application/json"} if body else {})}
    request = Request(url, data=body, headers=sent, method=method)  # noqa: S310 - whoever asks has looked at its scheme
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            raw = _within(answer, shown_url(url), MAX_BYTES)
            if len(raw) > MAX_BYTES:
                raise DemarcateError(f"{shown_url(url)}: has more than {MAX_BYTES:,} bytes")
            return answer.status, raw
    except (ValueError, HTTPException) as error:
        raise URLError(str(error)) from error
