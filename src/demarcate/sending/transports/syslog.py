"""Syslog over TLS: RFC 5424 in the frames of RFC 5425.

Syslog has no answer. What was sent counts as taken when the receiver's own system has acknowledged every byte of it and
the connection ended without an error; whatever else happens, it is sent again, under the same key.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import ssl
import struct
import termios
from collections.abc import Sequence

from demarcate.base import fetching
from demarcate.sending.destinations import Syslog
from demarcate.sending.structs import Answer, Delivery, Later, plain
from demarcate.sending.texts import counted, syslog


class SyslogTransport:
    """Sends deliveries over one connection, a hundred at a time."""

    most = 100

    def __init__(self, destination: Syslog) -> None:
        self._host, self._port = destination.host, destination.port
        self._format = destination.format

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Deliver, in order. Raises Later."""
        here = socket.gethostname()
        frames = b"".join(counted(syslog(each, self._format, here)) for each in deliveries)
        place = f"{self._host}:{self._port}"
        context = ssl.create_default_context()
        try:
            raw = socket.create_connection((self._host, self._port), timeout=fetching.SECONDS)
        except OSError as error:
            raise Later(f"{place}: {plain(error)}", counts=isinstance(error, TimeoutError)) from error
        with raw:
            try:
                with context.wrap_socket(raw, server_hostname=self._host) as secure:
                    secure.sendall(frames)
                    _end(secure)
            except OSError as error:
                unsafe = isinstance(error, ssl.SSLCertVerificationError)
                raise Later(f"{place}: {plain(error)}", counts=not unsafe) from error
        return Answer()


def _end(secure: ssl.SSLSocket) -> None:
    """End a connection, and wait until the other side has. Raises OSError where it may not have read all."""
    with contextlib.suppress(ssl.SSLEOFError):  # some receivers close without a word
        secure.unwrap()
        return
    if error := secure.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(error, "the connection broke")
    (left,) = struct.unpack("i", fcntl.ioctl(secure.fileno(), termios.TIOCOUTQ, bytes(4)))
    if left:
        raise OSError("the other side closed before it had read all")
