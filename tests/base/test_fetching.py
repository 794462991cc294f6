"""What is fetched from the web: over HTTPS alone, within its limit, and with a certificate that is trusted."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from demarcate.base import fetching
from demarcate.base.errors import DemarcateError
from demarcate.base.fetching import fetch, fetch_text

ANSWERS: dict[str, tuple[int, bytes]] = {
    "/good": (200, "{a: ü}".encode()),
    "/binary": (200, b"\xff\xfe\x00"),
    "/large": (200, b"x" * 5_000),
    "/gone": (404, b""),
    "/down": (302, b"http://127.0.0.1:9/"),
    "/file": (302, b"file:///etc/hostname"),
    "/on": (302, b"/good"),
    "/round": (302, b"/round"),
    "/elsewhere": (302, b"https://localhost:9/"),
}


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code, body = ANSWERS[self.path.partition("?")[0]]
        self.send_response(code)
        if code == 302:
            self.send_header("Location", body.decode())
            body = b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the certificate goes away."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + private)
    return path


@pytest.fixture
def address(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server over TLS, whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = _Server(("127.0.0.1", 0), _Answers)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_document_is_fetched_and_a_redirect_to_https_followed(address: str) -> None:
    assert fetch_text(f"{address}/good?token=secret") == "{a: ü}"
    assert fetch_text(f"{address}/on") == "{a: ü}"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/binary", "is not UTF-8"),
        ("/gone", "answered 404"),
        ("/down", "not https"),
        ("/file", "answered 302"),
        ("/round", "answered 302"),
        ("/large", "at most 4,000"),
    ],
)
def test_what_is_no_document_is_said(path: str, why: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 4_000)
    with pytest.raises(DemarcateError, match=why) as raised:
        fetch_text(f"{address}{path}?token=secret")
    assert "secret" not in str(raised.value)


def test_only_hosts_that_may_be_asked_are_and_no_redirect_leads_elsewhere(address: str) -> None:
    with pytest.raises(DemarcateError, match=r"only feeds.example.com may be asked"):
        fetch(f"{address}/good", hosts=("feeds.example.com",))
    assert fetch(f"{address}/on", hosts=("127.0.0.1",)) == ANSWERS["/good"][1]
    with pytest.raises(DemarcateError, match="redirects to localhost, which is not asked"):
        fetch(f"{address}/elsewhere", hosts=("127.0.0.1",))
    with pytest.raises(DemarcateError, match="at most 4 are read"):
        fetch(f"{address}/good", 4)


def test_a_certificate_that_nobody_vouches_for_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DemarcateError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch_text(f"{address}/good")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "ftp://127.0.0.1/",
        "https:///x",
        "file:///etc/hostname",
        "https://[/",
        "https://x:y/",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(DemarcateError):
        fetch_text(url)


def test_a_password_is_neither_sent_nor_shown() -> None:
    with pytest.raises(DemarcateError, match="has a user or password") as raised:
        fetch_text("https://me:hunter2@127.0.0.1:9/x")
    assert "hunter2" not in str(raised.value)
