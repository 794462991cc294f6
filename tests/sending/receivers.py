"""Receivers on the loopback: they answer as they are told, or do not, and remember what they were sent."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demarcate.sending.structs import Delivery, Item, Severity, State
from tests.serving import served

Answered = tuple[int, bytes] | None
"""A status and a body; None for a receiver that closes without an answer."""


@dataclass
class Receiver:
    """What is answered, call by call (the last one for ever), and what was heard."""

    answers: list[Answered | Callable[[bytes], Answered]] = field(default_factory=lambda: [(200, b"")])
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    holds: threading.Event | None = None
    """Where it is set, no call is answered before this is."""

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        """The next answer."""
        self.heard.append((path, headers, body))
        if self.holds is not None:
            self.holds.wait()
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return told(body) if callable(told) else told


@contextmanager
def receiving(receiver: Receiver, certificate: Path | None = None) -> Iterator[str]:
    """The URL of a receiver that listens: over TLS, where it has a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = receiver.answer(self.path, dict(self.headers), body)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            if 300 <= answer[0] < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with served(server) as url:
        try:
            yield url if certificate is None else url.replace("http://", "https://")
        finally:
            if receiver.holds is not None:
                receiver.holds.set()


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def listening(certificate: Path, serve: Callable[[ssl.SSLSocket], None]) -> Iterator[int]:
    """The port of a TLS receiver, which has each connection served."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    raw, _ = server.accept()
                except OSError:
                    return
                with raw:
                    try:
                        with context.wrap_socket(raw, server_side=True) as secure:
                            serve(secure)
                    except OSError:
                        continue

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def item(
    id: str = "a",
    state: State = "open",
    severity: Severity = "high",
    moment: str = "2026-11-29T03:00:00Z",
    **more: str,
) -> Item:
    """A finding, as it is sent."""
    return Item(
        id=id,
        kind="finding",
        state=state,
        severity=severity,
        title=more.pop("title", "Volumes are encrypted"),
        rule="ebs-volume-encrypted",
        table="aws_ebs_volume",
        moment=moment,
        event={
            **{"class_uid": 2003, "class_name": "Compliance Finding", "time": 1_795_921_200_000},
            **{"metadata": {"version": "1.6.0"}, "finding_info": {"uid": id, "title": "x"}},
        },
        **more,
    )


def delivery(number: int = 1, **more: str) -> Delivery:
    """A delivery of a finding."""
    made = item(f"f{number}", **more)  # type: ignore[arg-type]
    return Delivery(number, f"key{number}", made)
