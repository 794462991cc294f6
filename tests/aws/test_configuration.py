"""What AWS's own configuration may hold, and what an endpoint may be: an error that says what, before any call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.session import identify, make_session
from tests.surroundings import CREDENTIALS

NOBODY = "http://127.0.0.1:9"
SECRET = "a-secret"

Ask = Callable[..., str]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask whose credentials these are, with a configuration and an environment: the message of the error."""

    def asked(configuration: str = "", *, endpoint: str = NOBODY, profile: str | None = None, **given: str) -> str:
        (tmp_path / "config").write_text(configuration)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(DemarcateError) as caught:
            session = make_session(profile)
            identify(session, Clients(session, endpoint), ["eu-west-1"])
        (message,) = caught.value.args
        assert SECRET not in message
        return str(message)

    return asked


@pytest.mark.parametrize("profile", [None, "nobody"])
def test_a_profile_that_does_not_exist(profile: str | None, ask: Ask) -> None:
    message = ask("[profile ours]\n", profile=profile, AWS_PROFILE="nobody")
    assert "there is no AWS profile 'nobody'" in message
    assert "there are: ours" in message
    assert ("AWS_PROFILE" in message) == (profile is None)


@pytest.mark.parametrize("text", ["[default\nx", "[default]\nregion=eu-west-1\n[profile x]\n  a\n y\n"])
def test_a_configuration_that_cannot_be_parsed(text: str, ask: Ask) -> None:
    assert "Unable to parse config file" in ask(text)


ENDPOINTS = ["", "notaurl", "http://", "http://[", "file:///etc/passwd", "ftp://x", "http://127.0.0.1:99999"]
ENDPOINTS += ["http://127.0.0.1:x", "http://127.0.0.1:0", "http://a b"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_what_is_no_endpoint(endpoint: str, ask: Ask) -> None:
    assert f"with the endpoint {endpoint!r}" in ask(endpoint=endpoint, **CREDENTIALS)


SETTINGS = {
    "AWS_DEFAULTS_MODE": "bogus",
    "AWS_STS_REGIONAL_ENDPOINTS": "bogus",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "bogus",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "bogus",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_botocore_does_not_take(name: str, ask: Ask) -> None:
    assert SETTINGS[name] in ask(**{name: SETTINGS[name]}, **CREDENTIALS)


PROFILES = {
    "no such program": ("credential_process=/nonexistent/program", "/nonexistent/program"),
    "a list": ("credential_process=echo []", "no AWS credentials"),
    "no JSON": (f"credential_process=echo {SECRET}", "no AWS credentials"),
    "a quote that does not end": ('credential_process=echo "unclosed', "no AWS credentials"),
    "a program that fails": ("credential_process=false", "no AWS credentials"),
    "its own source": ("role_arn=x\nsource_profile=ours", "Infinite loop"),
    "no such source": ("role_arn=x\nsource_profile=theirs", "theirs"),
    "half of a pair": (f"aws_access_key_id={SECRET}", "aws_secret_access_key"),
    "no token": ("role_arn=x\nweb_identity_token_file=/nonexistent", "/nonexistent"),
    "not signed in": (
        "sso_start_url=x\nsso_region=eu-west-1\nsso_account_id=1\nsso_role_name=r",
        "no AWS credentials",
    ),
}


@pytest.mark.parametrize("case", PROFILES)
def test_what_gives_no_credentials(case: str, ask: Ask) -> None:
    lines, says = PROFILES[case]
    assert says in ask(f"[profile ours]\n{lines}\n", profile="ours")


def test_a_token_that_no_header_can_have_is_not_quoted(ask: Ask) -> None:
    assert "cannot be sent" in ask(**CREDENTIALS, AWS_SESSION_TOKEN=f"{SECRET}\n")
