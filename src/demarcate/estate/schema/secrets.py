"""Secrets in plain text: told from references, flags, names and numbers, by what they are called and how they look.

One function judges every place in which a secret may stand: variables, user data, definitions, outputs. None of them
keeps a value, nor says it.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.documents import read
from demarcate.base.patterns import Pattern
from demarcate.estate.schema.standins import StandIn, escaped
from demarcate.estate.schema.unknown import Unknown, first_unknown

FORMS: Final = Path(__file__).with_name("secret_forms.yaml")

NOT_KEPT: Final = "(value not kept)"
"""What stands in a snapshot for a value that may be a secret."""

MAX_DECODED: Final = 1_000_000
"""How many bytes of base64 or gzip are looked into. User data has at most 16 KiB, before it is compressed."""


# --- names ----------------------------------------------------------------------------------------------

_PASSWORDS: Final = {"PASSWORD", "PASSWORDS", "PASSWD", "PWD", "PASSPHRASE", "DBPASSWORD"}
_SECRET_WORDS: Final = _PASSWORDS | {
    *("SECRET", "SECRETS", "TOKEN", "APIKEY", "CREDENTIAL", "CREDENTIALS", "CREDS", "SECRETKEY"),
    *("PRIVATEKEY", "ACCESSKEY", "AUTHTOKEN", "ACCESSTOKEN", "CLIENTSECRET"),
}
_SECRET_PAIRS: Final = {
    *(
        "API",
        "ACCESS",
        "PRIVATE",
        "SECRET",
        "AUTH",
        "ENCRYPTION",
        "SIGNING",
        "MASTER",
        "LICENSE",
        "ACCOUNT",
        "SHARED",
    ),
}
_SECRET_ENDS: Final = {"PASS"}
"""Words that speak of a secret where they are the last one."""
_NOT_SECRET_ENDS: Final = {
    *("ARN", "ARNS", "ID", "IDS", "NAME", "NAMES", "PATH", "PATHS", "FILE", "DIR", "FOLDER", "URL", "URLS", "URI"),
    *(
        "ENDPOINT",
        "HOST",
        "PORT",
        "ADDRESS",
        "DOMAIN",
        "SERVER",
        "TABLE",
        "BUCKET",
        "QUEUE",
        "TOPIC",
        "ROLE",
        "GROUP",
    ),
    *("TTL", "EXPIRY", "EXPIRATION", "EXPIRES", "LIFETIME", "DURATION", "AGE", "INTERVAL", "ROTATION"),
    *("SECONDS", "MINUTES", "HOURS", "DAYS", "TIMEOUT", "LENGTH", "SIZE", "LIMIT", "COUNT", "MAX", "MIN"),
    *("TYPE", "FORMAT", "ENCODING", "METHOD", "MODE", "STRATEGY", "SCOPE", "SCOPES", "FIELD", "COLUMN", "CLASS"),
    *(
        "REGION",
        "VERSION",
        "HEADER",
        "ENABLED",
        "DISABLED",
        "REQUIRED",
        "POLICY",
        "ALIAS",
        "PREFIX",
        "SUFFIX",
        "STAGE",
    ),
    *("ISSUER", "AUDIENCE", "ALGORITHM", "PROVIDER", "MANAGER", "STORE", "BACKEND", "ENGINE", "SERVICE", "VAULT"),
    *("PARAMETER", "PARAMETERS", "PARAM", "PARAMS", "REF", "REFERENCE", "LOCATION", "LABEL", "USER", "USERNAME"),
    *(
        "REGEX",
        "PATTERN",
        "HINT",
        "KIND",
        "USE",
        "USAGE",
        "SOURCE",
        "VALIDATOR",
        "VALIDATORS",
        "HASHER",
        "HASHERS",
    ),
}
_WORDS: Final = Pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def secret_name(name: str) -> bool:
    """Whether a variable of that name holds a secret, going by the name alone.

    >>> secret_name("DB_PASSWORD"), secret_name("DB_PASSWORD_SECRET_ARN"), secret_name("PARTITION_KEY")
    (True, False, False)
    """
    if name.upper() in ("AWS_ACCESS_KEY_ID", "ECS_ENGINE_AUTH_DATA"):
        return True
    words = [word.upper() for word in _WORDS.findall(name[:256])]
    if not words or words[-1] in _NOT_SECRET_ENDS:
        return False
    return (
        not _SECRET_WORDS.isdisjoint(words)
        or words[-1] in _SECRET_ENDS
        or any(first in _SECRET_PAIRS and second in ("KEY", "KEYS") for first, second in pairwise(words))
    )


def _is_password(name: str) -> bool:
    """Whether the name is that of a password or an access key: what stands there is no name of something else."""
    words = [word.upper() for word in _WORDS.findall(name[:256])]
    return not _PASSWORDS.isdisjoint(words) or words[-1:] == ["PASS"] or ("ACCESS", "KEY") in pairwise(words)


# --- values ---------------------------------------------------------------------------------------------

_FLAGS: Final = {
    *("", "true", "false", "yes", "no", "on", "off", "y", "n", "none", "null", "nil", "undefined", "enabled"),
    *("disabled", "enable", "disable", "required", "optional", "auto", "default", "always", "never", "trust"),
}
_NUMBER: Final = Pattern(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?%?")
_REFERENCE: Final = Pattern(
    r"arn:|\{\{|\{%|\$\(|\$\{|\$\$?[.\[]|\$[A-Za-z_]\w{0,99}\Z|%[A-Za-z_]\w{0,99}%\Z|`|States\.|<[^<>]{1,100}>\Z"
    r"|\[[A-Za-z _-]{1,40}\]\Z|(?:ssm|ssm-secure|secretsmanager|vault|kms|file):|op://|s3://|ref\+|ENC[\[(]|AQ[EI]CAH"
)
"""How a value begins that says where the secret is or is to be put, or that is what KMS made of it."""
_PATH: Final = Pattern(r"(?:\.{1,2}|~|[A-Za-z]:)?[/\\](?:[\w.@ -]{0,100}[/\\]){0,20}[\w.@ -]{0,100}")
_URL: Final = Pattern(r"[a-z][a-z0-9+.-]{1,20}://[^\s@]{1,2000}", re.IGNORECASE)
_NAMED: Final = Pattern(
    r"[A-Za-z]{1,30}[0-9]{0,3}(?:[-_./:](?:[A-Za-z]{1,30}[0-9]{0,3}|[0-9]{1,4})){0,20}"
    r"(?:[/:][A-Za-z0-9._-]{1,60}|[-_./](?i:secrets?|credentials?|creds))"
)
"""The name of a secret: words and small numbers, joined, as a path or with what it is as the last one."""
_PLACEHOLDER: Final = Pattern(
    r"(?i:x{3,}|\*+|\.{3,}|-+|_+|change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this|with.{0,40})"
    r"|to[-_ ]?be[-_ ]?.{0,40}|place[-_ ]?holder|todo|tbd|dummy|redacted|masked|hidden|n/?a"
    r"|not[-_ ]?(?:set|used|needed)|(?:your|insert|enter)[-_ ](?:[a-z0-9]{1,20}[-_ ]){0,5}[a-z0-9]{1,20})"
)


def is_secret(name: str, value: Any) -> bool | Unknown:
    """Whether a value under a name is a secret in plain text. Not known where the value is not, and the name says that
    it would be one.

    >>> is_secret("DB_PASSWORD", "Hunter2Horse"), is_secret("DB_SECRET", "my-app/prod/db")
    (True, False)
    """
    if isinstance(value, StandIn):
        return _assigned(name, value)
    if isinstance(value, Unknown):
        return value if secret_name(name) else False
    if isinstance(value, dict | list):
        members = secret_members(value)
        return members if isinstance(members, Unknown) else bool(members)
    if not isinstance(value, str):
        return False
    text = value.strip()
    return bool(secrets_in(text)) or (secret_name(name) and _is_literal(text, password=_is_password(name)))


def _assigned(name: str, value: StandIn) -> bool | Unknown:
    """The same of a text that is assigned: what names things is a reference, and so is what a store is asked for."""
    if ".SecretAccessKey}" in value.written or secrets_in(value.fill("${{{}}}".format)):
        return True
    if not secret_name(name) or value.is_of_names or "${resolve:" in value.written:
        return False
    return False if value.written.startswith(("arn:", "/")) else value.unknown


def _is_literal(text: str, *, password: bool) -> bool:
    """Whether a text under the name of a secret is that secret: no flag, number, reference, path or placeholder, and,
    unless it is a password, no name of something else.
    """
    if text.lower() in _FLAGS or _NUMBER.fullmatch(text) or _REFERENCE.match(text):
        return False
    if _PATH.fullmatch(text) or _URL.fullmatch(text) or _PLACEHOLDER.fullmatch(text):
        return False
    return password or not _NAMED.fullmatch(text)


# --- texts ----------------------------------------------------------------------------------------------


class _Forms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    checked: date
    forms: dict[str, str]


@cache
def _forms() -> dict[str, re.Pattern[str]]:
    return {kind: re.compile(form, re.ASCII) for kind, form in read(FORMS, _Forms).forms.items()}


_IN_URL: Final = Pattern(r"://[^\s/:@$]{0,256}:([^\s/:@${<*%]{3,256})@")
_ASSIGNED: Final = Pattern(
    r"(?<![\w.-])(-{0,2}[A-Za-z_][\w.-]{0,63})[\"']?\s{0,3}(?:=>|:=|[=:])\s{0,3}\\?[\"']?([^\s\"'`$<>{}()\[\],;&|\\*%]{6,256})"
)
"""A name and a value: `NAME=value`, `name: "value"`, `"name" => 'value'`, `--name=value`."""
_COMMANDS: Final = tuple(
    Pattern(form, re.ASCII | re.IGNORECASE)
    for form in (
        r"--(?:[a-z]{1,20}-)?(?:password|passwd|token|secret|api-?key)[ =]{1,3}[\"']?"
        r"([^\s\"'`$<>-][^\s\"'`$<>]{5,255})",
        r"\bConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?[\"']([^\"'$]{3,256})[\"']",
        r"\bcurl\b[^\n|;&]{0,300}?\s(?:-u|--user)[ =]{0,2}[\"']?[\w.@-]{1,64}:([^\s\"'`$<>]{3,128})",
        r"\bmysql(?:dump|admin)?\b[^\n|;&]{0,300}?\s-p([^\s\"'`$<>-][^\s\"'`$<>]{3,127})",
        r"\becho\s{1,3}[\"']?[\w.-]{1,64}:([^\s\"'`$<>|]{3,128})[\"']?\s{0,3}\|\s{0,3}(?:sudo\s{1,3})?chpasswd\b",
        r"\bnet\s{1,3}user\s{1,3}[\w.-]{1,64}\s{1,3}([^\s\"'%$/]{3,128})\s{1,3}/add\b",
        r"\bauthorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?:basic|bearer|token)\s{1,2}([\w+/=.~-]{16,2048})",
    )
)
"""Commands and headers that are given a secret."""


def secrets_in(text: str) -> list[str]:
    """What kinds of secrets a text seems to hold, never the secrets themselves.

    >>> secrets_in("export DB_PASSWORD=correct-horse")
    ['a password']
    >>> secrets_in("export DB_PASSWORD=$(aws ssm get-parameter --name db)")
    []
    """
    kinds = [kind for kind, form in _forms().items() if form.search(text)]
    if any(not _PLACEHOLDER.fullmatch(url[1]) for url in _IN_URL.finditer(text)):
        kinds.append("a password in a URL")
    if any(_is_literal(value, password=_is_password(name)) for name, value in _assignments(text)):
        kinds.append("a password")
    return kinds


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """What a text assigns to names of secrets, or gives to commands as one."""
    for assigned in _ASSIGNED.finditer(text):
        if secret_name(assigned[1]):
            yield assigned[1], assigned[2]
    for command in _COMMANDS:
        for given in command.finditer(text):
            yield "password", given[1]


def secrets_in_data(value: str) -> list[str] | Unknown:
    """What user data (base64, perhaps compressed) seems to hold: kinds of secrets, never their values."""
    if isinstance(value, StandIn):
        return _secrets_around(value.encoded or value)
    return secrets_in(_decoded(value))


def _decoded(value: str) -> str:
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, MAX_DECODED)
        except zlib.error:
            raise ValueError("damaged gzip") from None
    return data.decode("utf-8", "replace")


def _secrets_around(value: StandIn) -> list[str] | Unknown:
    """What secrets a text with assigned parts holds: names of things are none, other attributes may be."""
    secrets = secrets_in(value.fill("${{{}}}".format))
    return secrets or ([] if value.is_of_names else value.unknown)


# --- structures -----------------------------------------------------------------------------------------


def plaintext_secrets(variables: Any) -> Any:
    """The names of those variables that hold a secret as plain text, sorted; never the values.

    Where a value is not known and no other variable gives a secret away, the answer is not known.
    """
    if isinstance(variables, Unknown):
        return variables
    names, unsure = [], None
    for name, value in variables.items():
        secret = is_secret(name, value)
        if isinstance(secret, Unknown):
            unsure = unsure or Unknown(secret.kind, f"{name}: {secret.reason}")
        elif secret:
            names.append(name)
    return sorted(names) if names else unsure or []


def named_values(pairs: list[Any]) -> dict[str, Any]:
    """The values of variables, by name, from a list of {name, value} (or {Name, Value}). One of which the name is not
    known may be a secret.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name = _name(pair)
        if isinstance(name, Unknown):
            values.setdefault("SECRET", name)
        else:
            values[name] = pair.get("value", pair.get("Value", ""))
    return values


def names_of(pairs: list[Any]) -> dict[str, str] | Unknown:
    """The same variables by name alone, without their values."""
    names = [_name(pair) for pair in pairs]
    return first_unknown(names) or dict.fromkeys(names, NOT_KEPT)


def _name(pair: Any) -> Any:
    return pair if isinstance(pair, Unknown) else pair.get("name", pair.get("Name"))


def secret_members(value: Any) -> Any:
    """The names of members anywhere in a structure that hold a secret as plain text, sorted; of an item of a list the
    name of the list. Not known where a member is not that by its name would hold one.
    """
    pairs = list(_members(value, ""))
    names = sorted({name for name, item in pairs if is_secret(name, item) is True})
    if names:
        return names
    unsure = next((secret for name, item in pairs if isinstance(secret := is_secret(name, item), Unknown)), None)
    return unsure or []


def _members(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _members(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _members(item, name)
    else:
        yield name, value


def joined(words: list[Any]) -> str | StandIn:
    """The words of a command as one text, as far as they are known."""
    written = [
        word.written if isinstance(word, StandIn) else escaped(word) if isinstance(word, str) else ""
        for word in words
    ]
    text = " ".join(written)
    return StandIn(text, text) if any(isinstance(word, StandIn) for word in words) else text


def names_only(variables: Any) -> Any:
    """Variables by name, without their values: any of them may be a secret.

    >>> names_only({"TABLE": "orders"})
    {'TABLE': '(value not kept)'}
    """
    return variables if isinstance(variables, Unknown) else dict.fromkeys(variables, NOT_KEPT)


def without_secrets(value: Any, hidden: frozenset[str] = frozenset()) -> Any:
    """The same structure without what, going by a member's name or by its text, is a secret.

    `hidden` are members of which no value is kept, in lower case.

    >>> without_secrets({"ClientId": "shop", "ClientSecret": "hunter2"})
    {'ClientId': 'shop', 'ClientSecret': '(value not kept)'}
    """
    if isinstance(value, list):
        return [without_secrets(item, hidden) for item in value]
    if isinstance(value, dict):
        return {
            key: NOT_KEPT
            if isinstance(item, str | int | bytes) and (key.lower() in hidden or secret_name(key))
            else without_secrets(item, hidden)
            for key, item in value.items()
        }
    if isinstance(value, StandIn):
        return NOT_KEPT if secrets_in(value.fill("${{{}}}".format)) else value
    return NOT_KEPT if isinstance(value, str) and secrets_in(value) else value
