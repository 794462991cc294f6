"""Secrets in plain text are told from what only looks like one, whatever they are called and wherever they stand."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.base.documents import read
from demarcate.estate.schema.secrets import (
    FORMS,
    NOT_KEPT,
    is_secret,
    plaintext_secrets,
    secret_members,
    secrets_in,
    secrets_in_data,
    without_secrets,
)
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown
from tests.each import each
from tests.effort import effort

CASES = read(Path(__file__).parent / "secrets.yaml", dict[str, Any])
KEYS = {kind: "".join(map(str, parts)) for kind, parts in CASES["forms"].items()}
INNOCENT = ["S3_USER", "CONFIG", "value", "x"]


def pairs(group: str) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in CASES[group].items() for value in values]


def test_every_form_has_an_example() -> None:
    assert set(KEYS) == set(read(FORMS, dict[str, Any])["forms"])


@each("kind", KEYS)
def test_a_key_is_recognised_wherever_it_stands(kind: str) -> None:
    key = KEYS[kind]
    assert kind in secrets_in(key)
    for text in (f"use {key} here", f'{{"a": "{key}"}}', f"A={key}\nB=1", f"'{key}'"):
        assert kind in secrets_in(text)
        kinds = secrets_in_data(base64.b64encode(text.encode()).decode())
        assert not isinstance(kinds, Unknown)
        assert kind in kinds
        assert without_secrets({"a": [text]}) == {"a": [NOT_KEPT]}
    for name in INNOCENT:
        assert plaintext_secrets({name: key, "STAGE": "prod"}) == [name]
        assert secret_members({"States": [{name: {"Value": key}}, 1]}) == ["Value"]


@each(("name", "value"), pairs("secret"))
def test_a_value_under_the_name_of_a_secret(name: str, value: str) -> None:
    assert is_secret(name, value) is True
    assert without_secrets({name: value}) == {name: NOT_KEPT}


@each("value", CASES["anywhere"])
def test_a_value_that_gives_itself_away(value: str) -> None:
    for name in INNOCENT:
        assert is_secret(name, value) is True
    assert without_secrets(value) == NOT_KEPT


@each(("name", "value"), pairs("not_secret"))
def test_a_value_that_is_none(name: str, value: Any) -> None:
    assert is_secret(name, value) is False


@each("case", CASES["texts"], ids=lambda case: case["text"])
def test_a_text(case: dict[str, Any]) -> None:
    data = case["text"].encode()
    assert secrets_in(case["text"]) == case["kinds"]
    assert secrets_in_data(base64.b64encode(data).decode()) == case["kinds"]
    assert secrets_in_data(base64.b64encode(gzip.compress(data)).decode()) == case["kinds"]


def test_what_a_template_assigns_is_a_reference_unless_it_is_the_secret() -> None:
    for written in (
        "${Secret}",
        "${Secret.Arn}",
        "${Stack.Outputs.SecretId.Id}",
        "${resolve:secretsmanager:db}",
        "arn:${A.B}",
    ):
        assert is_secret("DB_SECRET", StandIn(written, written)) is False
    key = StandIn("Key.SecretAccessKey", "${Key.SecretAccessKey}")
    assert is_secret("ANY", key) is True
    unsure = is_secret("DB_PASSWORD", StandIn("Db.Output", "${Db.Output}"))
    assert isinstance(unsure, Unknown)
    assert is_secret("URL", StandIn("x", "postgres://app:c0rrecthorse@${Db.Endpoint.Address}/a")) is True
    assert is_secret("URL", StandIn("x", "postgres://app:${Db.Output}@${Db.Endpoint.Address}/a")) is False


def test_what_is_not_known_counts_where_the_name_speaks_of_a_secret() -> None:
    why = Unknown(Kind.PARAMETER, "parameter A has no value")
    assert isinstance(plaintext_secrets({"DB_PASSWORD": why}), Unknown)
    assert plaintext_secrets({"STAGE": why}) == []
    assert isinstance(secret_members({"States": {"Call": {"ApiKey": why}}}), Unknown)
    assert secret_members({"States": {"Call": {"ApiKey": why, "Token": "a8q3x"}}}) == ["Token"]


LETTERS = st.text("aB3-_/.:= $", max_size=12)


@given(
    st.sampled_from(["DB_PASSWORD", "API_KEY", "STAGE", "TOKEN_URL"]),
    LETTERS | st.sampled_from(list(KEYS.values())),
)
def test_what_is_told_as_a_secret_is_never_kept(name: str, value: str) -> None:
    if is_secret(name, value) is True:
        assert without_secrets({name: value}) == {name: NOT_KEPT}
        assert plaintext_secrets({name: value}) == [name]


@given(st.text(max_size=60), st.text(max_size=60))
def test_anything_is_a_secret_or_not(name: str, value: str) -> None:
    assert is_secret(name, value) in (True, False)


@given(st.sampled_from([*CASES["anywhere"], *KEYS.values()]), LETTERS, LETTERS)
def test_what_stands_around_hides_no_secret(value: str, before: str, after: str) -> None:
    assert secrets_in(f"{before}\n {value} \n{after}")


@pytest.mark.parametrize(
    "text",
    [
        "word another: value = thing; ",
        "a",
        "eyJ-",
        "://a:",
        "AKIA ",
        "=a",
        "-a",
        "_-.",
        "curl -u ",
        "echo 'a:",
        "[ ",
    ],
)
def test_looking_for_secrets_takes_little_time_however_a_text_is_made(text: str) -> None:
    with effort(30):
        secrets_in(text * (500_000 // len(text)))
