"""Settings: what need not be written behind every command, from files and the environment.

A later one counts more: the user's own file, the file of the project (`demarcate.toml`, found upwards from the working
folder) or in its place the one that was named (`--config`), then variables `DEMARCATE_*`. Flags count most:
settings are their defaults.

The project's file comes with a repository, and so from anybody. What would send requests somewhere else, use other
credentials or write files counts only where the user has set it, and its paths lead to nothing outside of its folder.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_file, is_within, read_bytes

NAME: Final = "demarcate.toml"
LARGEST: Final = 100_000
"""How many bytes a file of settings may have."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """Every setting, under the name that its option has. None, or nothing, where it is not set."""

    sources: tuple[str, ...] = ()
    profile: str | None = None
    region: tuple[str, ...] = ()
    endpoint_url: str | None = None
    org: bool | None = None
    account: tuple[str, ...] = ()
    role_name: str | None = None
    external_id: str | None = None
    parameters: str | None = None
    checks: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    waivers: tuple[str, ...] = ()
    waivers_without_end: bool | None = None
    waivers_without_owner: bool | None = None
    ledger: str | None = None
    as_: str | None = msgspec.field(name="as", default=None)
    by_tag: tuple[str, ...] = ()
    data_tag: tuple[str, ...] = ()
    own_keys: tuple[str, ...] = ()
    fail_on: str | None = None
    format: str | None = None
    out: tuple[str, ...] = ()
    record: bool | None = None
    service_level: tuple[str, ...] = ()
    github_url: str | None = None
    github_token_variable: str | None = None
    destinations: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    send_rules: tuple[dict[str, Any], ...] = ()
    keep_logs: dict[str, Annotated[int, msgspec.Meta(ge=1)] | Literal["forever"]] = msgspec.field(
        default_factory=dict
    )
    rule_placeholders: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    max_resources: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_rows: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    max_memory: Annotated[int, msgspec.Meta(ge=100)] | None = None


FIELDS: Final = {item.encode_name: item for item in msgspec.structs.fields(Settings)}
"""The settings by their names, as files spell them."""

OWN: Final = frozenset(
    {
        *("profile", "endpoint-url", "org", "account", "role-name", "external-id", "out", "ledger", "as"),
        *("max-resources", "record", "github-url", "github-token-variable", "destinations", "send-rules"),
        "keep-logs",
    }
)
"""What counts only where the user has set it: whom requests go to, with which rights, who acts, what is written or
deleted, and how much may be asked of this machine.
"""

PATHS: Final = frozenset({"sources", "parameters", "checks", "evidence", "waivers"})
"""Paths, which in a file are meant from its folder."""

_SOURCES: Final = ("aws", "s3://", "config:")
"""What a source is that is no path: live AWS, a bucket, an aggregator."""

_WORDS: Final = {"sources": "aws", "evidence": "ledger", "waivers": "ledger"}
"""Words that stand in the place of a path."""


class Configuration(msgspec.Struct, frozen=True):
    """The settings, where each that is set comes from, and what a project's file set that does not count."""

    settings: Settings
    origins: Mapping[str, str] = msgspec.field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def load(folder: Path, environment: Mapping[str, str], named: Path | None = None) -> Configuration:
    """The settings that hold in a folder. `named` is a file that stands in for the project's.

    Raises DemarcateError for a file that cannot be read, a setting that does not exist, and a value of another kind.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    ignored: list[str] = []
    own = _own_file(environment)
    if named is None and (text := environment.get("DEMARCATE_CONFIG")):
        named = Path(text)
    project = None if named is not None else _upwards(folder)
    if own is not None and is_file(own):
        _take(own, values, origins)
    if named is not None:
        _take(named, values, origins)
    elif project is not None and (own is None or project.resolve() != own.resolve()):
        _take_project(project, own, values, origins, ignored)
    _take_environment(environment, values, origins)
    return Configuration(msgspec.convert(values, Settings), origins, tuple(ignored))


def _take_project(
    project: Path, own: Path | None, values: dict[str, Any], origins: dict[str, str], ignored: list[str]
) -> None:
    if not is_within(project, [project.parent]):  # an error would quote names of whatever it is
        ignored.append(f"{project}: is a link that leads out of its folder: it is ignored")
        return
    _take(project, values, origins, lambda name, value: _refused(name, value, project, own), ignored)


def _own_file(environment: Mapping[str, str]) -> Path | None:
    root = Path(environment.get("XDG_CONFIG_HOME", ""))
    try:
        return (root if root.is_absolute() else Path.home() / ".config") / "demarcate" / NAME
    except RuntimeError:  # there is no home
        return None


def _upwards(folder: Path) -> Path | None:
    return next((place / NAME for place in (folder, *folder.parents) if is_file(place / NAME)), None)


def _take(
    path: Path,
    values: dict[str, Any],
    origins: dict[str, str],
    refused: Callable[[str, Any], str | None] = lambda _, __: None,
    ignored: list[str] | None = None,
) -> None:
    """Add what a file sets, but for what is refused."""
    import tomllib

    try:
        text = read_bytes(path, LARGEST).decode()
        table = tomllib.loads(text)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        fault = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DemarcateError(f"{path}: is no TOML: {fault}") from error
    for name, value in table.items():
        where = f"{path}:{_line(text, name)}"
        _check_name(name, FIELDS, where)
        converted = _converted(name, value, where, strict=True)
        why = refused(name, converted)
        if why is None:
            values[name] = _from(path.parent, converted, _WORDS.get(name)) if name in PATHS else converted
            origins[name] = where
        elif ignored is not None:
            ignored.append(f"{where}: {name} {why}: it is ignored")


def _line(text: str, name: str) -> int:
    """The line on which a file sets something: tomllib does not tell it."""
    quoted = re.escape(name)
    match = re.search(rf"""^\s*\[?\[?\s*["']?{quoted}["']?\s*[=.\]]""", text, re.MULTILINE)
    return text.count("\n", 0, match.end()) + 1 if match else 1


def _check_name(name: str, names: Iterable[str], where: str) -> None:
    if name in names:
        return
    near = difflib.get_close_matches(name, list(names), 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    raise DemarcateError(f"{where}: there is no setting {name!r}; {hint}")


def _converted(name: str, value: Any, where: str, *, strict: bool) -> Any:
    if FIELDS[name].default == () and isinstance(value, str):
        value = [value]  # one is as good as a list of one
    try:
        return msgspec.convert(value, FIELDS[name].type, strict=strict)
    except msgspec.ValidationError as error:
        raise DemarcateError(f"{where}: {name} cannot be this value: {error}") from error


def _refused(name: str, value: Any, project: Path, own: Path | None) -> str | None:
    """Why what a project's file sets does not count, where it does not."""
    if name in OWN:
        return f"counts only from your own file ({own or NAME}), the environment or a flag"
    if name not in PATHS:
        return None
    for text in (value,) if isinstance(value, str) else value:
        if name == "sources" and text.startswith(_SOURCES[1:]):
            return f"may name aws and paths alone in a project's file, and not {text[:100]!r}"
        if text == _WORDS.get(name):
            continue
        if "\0" in text or not is_within(project.parent / text, [project.parent]):
            return f"leads out of the folder of the project: {text[:100]!r}"
    return None


def _from(folder: Path, value: Any, word: str | None) -> Any:
    """Paths as they are meant from a folder; a word that stands in the place of one stays."""
    if not isinstance(value, str):
        return tuple(_from(folder, item, word) for item in value)
    return value if value.startswith(_SOURCES[1:]) or value == word else str(folder / value)


def _take_environment(environment: Mapping[str, str], values: dict[str, Any], origins: dict[str, str]) -> None:
    """Add what variables set; a list is separated by commas, and an empty variable sets nothing."""
    names = {f"DEMARCATE_{name.upper().replace('-', '_')}": name for name in FIELDS}
    for variable, text in sorted(environment.items()):
        if not variable.startswith("DEMARCATE_") or variable == "DEMARCATE_CONFIG":
            continue
        _check_name(variable, [*names, "DEMARCATE_CONFIG"], "the environment")
        name = names[variable]
        if text:
            several = FIELDS[name].default == ()
            value = [part.strip() for part in text.split(",") if part.strip()] if several else text
            values[name], origins[name] = _converted(name, value, variable, strict=False), variable
