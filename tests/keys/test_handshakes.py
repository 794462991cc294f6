"""Endpoints are asked by real handshakes, with servers on this machine and certificates that are made here."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.keys import handshakes
from demarcate.keys.handshakes import OLD, Endpoint, Tried, cannot_try, place_of, probe

NOW = datetime.now(UTC)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def signed(
    subject: str,
    key: Any,
    issuer: str,
    by: Any,
    *,
    days: int = 300,
    authority: bool = False,
    host: str = "localhost",
) -> bytes:
    """A certificate in PEM."""
    until = NOW + timedelta(days=days)
    builder = x509.CertificateBuilder(
        name(issuer), name(subject), key.public_key(), 7, until - timedelta(400), until
    )
    names = x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    builder = builder if authority else builder.add_extension(names, critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root, a good chain of two certificates below it, one that ends soon and has a short key, and their keys."""
    folder = tmp_path_factory.mktemp("certificates")
    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505
    top = signed("Example Root", root, "Example Root", root, authority=True)
    (folder / "root.pem").write_bytes(top)
    good, bad = (
        signed("good", own, "Example Root", root),
        signed("bad", short, "bad", short, days=10, host="other"),
    )
    made: list[tuple[str, Any, bytes]] = [("good", own, good + top), ("bad", short, bad)]
    for called, key, chain in made:
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{called}.pem").write_bytes(text + chain)
    return folder


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None) -> Iterator[int]:
    """A server on this machine that shakes hands, and one that speaks plain HTTP without a context; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listening.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), plain:
                    if context is None:
                        plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                        plain.recv(1000)
                        continue
                    with context.wrap_socket(plain, server_side=True) as secured:
                        secured.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def context_of(file: Path, least: ssl.TLSVersion, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = least, most
    context.load_cert_chain(file)
    return context


def test_a_good_endpoint(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files / "root.pem"))
    with serving(context_of(files / "good.pem", ssl.TLSVersion.TLSv1_2)) as port:
        told = probe("localhost", port)
    assert told.wrong == []
    assert (told.trusted, told.named) == (True, True)
    assert [each.subject for each in told.chain] == ["CN=good", "CN=Example Root"]
    accepts = {each.version: each.accepts for each in told.tried}
    assert (accepts["TLS 1.2"], accepts["TLS 1.3"]) == (True, True)
    assert all(accepts[version] in (False, None) for version in OLD)
    assert all(accepts[version] is False for version in OLD if not cannot_try(handshakes.VERSIONS[version]))


def test_a_bad_endpoint(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files / "root.pem"))
    most = ssl.TLSVersion.TLSv1_2
    with serving(context_of(files / "bad.pem", ssl.TLSVersion.TLSv1, most)) as port:
        told = probe("localhost", port)
    words = "; ".join(told.wrong)
    assert "its certificate expires on" in words and "its key is short: RSA, 1024 bits" in words
    assert "is not valid for localhost" in words and "not trusted here: " in words
    old = {each.version for each in told.tried if each.accepts and each.version in OLD}
    tryable = {version for version in ("TLS 1.0", "TLS 1.1") if not cannot_try(handshakes.VERSIONS[version])}
    assert old == tryable
    assert all(f"it accepts {version}" in words for version in tryable)


def test_what_cannot_be_tried_is_not_known(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshakes, "cannot_try", lambda version: "" if version.name == "TLSv1_3" else "not here")
    with serving(context_of(files / "good.pem", ssl.TLSVersion.TLSv1_2)) as port:
        told = probe("localhost", port)
    assert [each.accepts for each in told.tried] == [None, None, None, None, True]
    assert "TLS 1.0: not here" in told.unknown


def test_the_command_says_so_in_each_format(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files / "root.pem"))
    with serving(context_of(files / "good.pem", ssl.TLSVersion.TLSv1_2)) as port:
        runs = {
            format: CliRunner().invoke(
                app, ["tls", f"127.0.0.1:{port}", "--format", format], env={"COLUMNS": "80"}
            )
            for format in ("text", "json", "csv")
        }
    assert {run.exit_code for run in runs.values()} <= {0, 3}
    assert "TLS 1.3 accepted: TLS_" in runs["text"].stdout and "yours (" in runs["text"].stdout
    answers = {row["asked"]: row["answer"] for row in json.loads(runs["json"].stdout)}
    assert (answers["TLS 1.3"], answers["valid for the host"], answers["trusted"]) == (True, True, True)
    assert runs["csv"].stdout.startswith("endpoint,asked,answer,told")


def test_what_speaks_no_tls_and_what_does_not_answer() -> None:
    with serving(None) as port, pytest.raises(DemarcateError, match="nothing that speaks TLS answers"):
        probe("127.0.0.1", port)
    with pytest.raises(DemarcateError, match="nothing that speaks TLS answers"):
        probe("127.0.0.1", port)


@pytest.mark.parametrize(
    "text",
    ["", "a:0", "a:65536", "https://a", "a b", "[zz]:1", "a:b", "[::1", "a" * 254, f"{'b' * 64}.example.com"],
)
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(DemarcateError, match="is no endpoint"):
        place_of(text)


def test_whose_half_it_is() -> None:
    told = Endpoint("kms.eu-west-1.amazonaws.com", 443, (Tried("TLS 1.2", None, "no answer"),))
    assert told.theirs and not told.wrong
    assert not Endpoint("web.eu-west-1.elb.amazonaws.com", 443, ()).theirs
