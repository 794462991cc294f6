"""Small pure functions that tables use to turn what a source says into a column's value."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from demarcate.base.encoding import NestedTooDeeply, from_json
from demarcate.base.moments import since_1970
from demarcate.base.nesting import is_deep
from demarcate.estate.schema.standins import StandIn, escaped, sample
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown


def equals(*values: str) -> Callable[[Any], Any]:
    """Whether the value is one of those.

    >>> equals("Enabled")("Suspended")
    False
    """
    return lambda value: first_unknown(value) or value in values


def present(_: Any) -> bool:
    """True: the member is there. The column's `absent=False` says the rest."""
    return True


def not_empty(value: Any) -> bool:
    """Whether there is anything in it."""
    return bool(value)


def first_or(default: Any) -> Callable[[Any], Any]:
    """The first of a list, or the default."""
    return lambda values: values[0] if values else default


def document(value: Any) -> Any:
    """A JSON document that may come as text (policies do).

    Text that is not JSON is unknown, and says so. Where parts of it are assigned, so are the texts that hold them.
    """
    if isinstance(value, StandIn):
        return _with_holes(value)
    if not isinstance(value, str):
        return value
    try:
        found = from_json(value)
    except NestedTooDeeply:
        return Unknown(Kind.TOO_MUCH, "is nested too deeply")
    except ValueError:
        return Unknown(Kind.MALFORMED, "is not a JSON document")
    return Unknown(Kind.TOO_MUCH, "is nested too deeply") if is_deep(found) else found


_OPEN, _CLOSE = "\ue000", "\ue001"
"""Characters of private use, around the name of what is assigned while JSON is read."""


def _with_holes(value: StandIn) -> Any:
    found = document(value.fill(lambda name: f"{_OPEN}{name}{_CLOSE}"))
    return value.unknown if isinstance(found, Unknown) else _assigned(found, value)


def _assigned(value: Any, of: StandIn) -> Any:
    if isinstance(value, dict):
        if any(_OPEN in key for key in value):
            return of.unknown
        return {key: _assigned(item, of) for key, item in value.items()}
    if isinstance(value, list):
        return [_assigned(item, of) for item in value]
    if not isinstance(value, str) or _OPEN not in value:
        return value
    shown = value.replace(_OPEN, "").replace(_CLOSE, "")
    return StandIn(shown, escaped(value).replace(_OPEN, "${").replace(_CLOSE, "}"))


def milliseconds(value: Any) -> Any:
    """A moment from milliseconds since 1970, as CloudWatch Logs has it."""
    return since_1970(value / 1000)


def each(key: str) -> Callable[[Any], Any]:
    """The member `key` of every element of a list."""
    return lambda values: [value if isinstance(value, Unknown) else value[key] for value in values]


def aws_managed_key(key: str) -> bool:
    """Whether a KMS key is named by an alias that AWS keeps for itself: what a template makes has none.

    >>> aws_managed_key("arn:aws:kms:eu-west-1:123456789012:alias/aws/s3"), aws_managed_key("alias/mine")
    (True, False)
    """
    return sample(key).rpartition(":")[2].startswith("alias/aws/")


def as_list(value: Any) -> list[Any]:
    """A list: the value itself, or the one thing it is."""
    return value if isinstance(value, list) else [value]


_SECRET_WORDS = {
    *("PASSWORD", "PASSWD", "PWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN", "APIKEY"),
    *("CREDENTIAL", "CREDENTIALS", "SECRETKEY", "PRIVATEKEY", "ACCESSKEY", "DBPASSWORD"),
}
_SECRET_PAIRS = {"API", "ACCESS", "PRIVATE", "SECRET", "AUTH", "ENCRYPTION", "SIGNING", "MASTER", "LICENSE"}
_NOT_SECRET_ENDS = {
    *("ARN", "ID", "IDS", "NAME", "NAMES", "PATH", "FILE", "DIR", "URL", "URI", "ENDPOINT", "HOST", "TABLE"),
    *("TTL", "EXPIRY", "EXPIRATION", "EXPIRES", "SECONDS", "MINUTES", "HOURS", "DAYS", "TIMEOUT", "LENGTH"),
    *("TYPE", "REGION", "VERSION", "HEADER", "ENABLED", "DISABLED", "POLICY", "ALIAS", "PREFIX", "STAGE"),
    *("ISSUER", "AUDIENCE", "ALGORITHM", "PROVIDER", "MANAGER", "STORE", "PARAMETER", "LIMIT", "COUNT", "MAX"),
}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def secret_name(name: str) -> bool:
    """Whether a variable of that name holds a secret, going by the name alone.

    >>> secret_name("DB_PASSWORD"), secret_name("DB_PASSWORD_SECRET_ARN"), secret_name("PARTITION_KEY")
    (True, False, False)
    """
    if name.upper() in ("AWS_ACCESS_KEY_ID", "ECS_ENGINE_AUTH_DATA"):
        return True
    words = [word.upper() for word in _WORDS.findall(name)]
    if not words or words[-1] in _NOT_SECRET_ENDS:
        return False
    return not _SECRET_WORDS.isdisjoint(words) or any(
        first in _SECRET_PAIRS and second in ("KEY", "KEYS") for first, second in pairwise(words)
    )


def plaintext_secrets(variables: Any) -> Any:
    """The names of those variables that hold a secret as plain text, sorted; never the values.

    A value that only refers to a secret (an ARN, the path of a parameter) is none. Where a value is not known
    and no other variable gives a secret away, the answer is not known.
    """
    if isinstance(variables, Unknown):
        return variables
    found, unsure = [], None
    for name, value in variables.items():
        if not secret_name(name):
            continue
        secret = _secret(value)
        if isinstance(secret, Unknown):
            unsure = unsure or Unknown(secret.kind, f"{name}: {secret.reason}")
        elif secret:
            found.append(name)
    return sorted(found) if found else unsure or []


NOT_KEPT: Final = "(value not kept)"
"""What stands in a snapshot for a value that may be a secret."""


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


def _secret(value: Any) -> bool | Unknown:
    if isinstance(value, StandIn):
        if value.written.endswith(".SecretAccessKey}"):
            return True
        refers = value.written.startswith(("arn:", "/")) or value.written.endswith(".Arn}")
        return False if refers else value.unknown
    if isinstance(value, Unknown | bool):
        return value if isinstance(value, Unknown) else False
    text = str(value).strip()
    return not text.startswith(("arn:", "/")) and text.lower() not in ("", "true", "false", "none", "null")


_SECRETS = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_\w{36}|github_pat_\w{22})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[\w-]{10}"),
    "a password in a URL": re.compile(r"://[^\s/:@$]+:[^\s/:@${<]{3,}@"),
    "a password": re.compile(
        r"(?i)(?:passw(?:or)?d|passphrase|secret_?(?:access_?)?key|client_?secret|api_?key|auth_?token)"
        r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?!arn:|true\b|false\b|null\b|none\b)[^\s\"'`$<>{}()\[\]*%]{6}"
    ),
}


def secrets_in(text: str) -> list[str]:
    """What kinds of secrets a text seems to hold, never the secrets themselves.

    >>> secrets_in("export DB_PASSWORD=correct-horse")
    ['a password']
    >>> secrets_in("export DB_PASSWORD=$(aws ssm get-parameter --name db)")
    []
    """
    return [kind for kind, pattern in _SECRETS.items() if pattern.search(text)]
