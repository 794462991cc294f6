"""Waivers: that a finding is accepted until a day, for a reason, on somebody's word. Read from a file or a template.

    - check: s3-bucket-versioned
      scope: {accounts: ["111122223333"], resources: [scratch-*]}
      reason: Rebuilt each night; nothing in it is kept
      owner: storage@example.com
      until: 2027-03-31

A day is one in UTC, and the last on which the waiver holds. Patterns have `*` and `?` and nothing else, so that names
with brackets (the addresses of Terraform) stand for themselves.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from demarcate.base.arn import is_account_id, is_region
from demarcate.base.documents import DocumentError, compose
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError, Problem
from demarcate.evidence.lists import Entry, parse_list, said
from demarcate.evidence.problems import Problems, UnknownName, Unusable, shown
from demarcate.evidence.texts import read_text
from demarcate.evidence.values import day

ID_DIGITS: Final = 12
"""Of SHA-256, in hexadecimal, behind the `w-` of a waiver's id."""

_FINDING = re.compile(r"[0-9a-f]{16}")


class WaiverScope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which findings are meant; an empty field means all.

    `resources` are patterns of a resource (an ARN, a logical id, an address) or its name, `files` of a template's
    path or the end of it, and `tags` of the values of tags that a resource must have, each.
    """

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    tags: dict[str, str] = {}

    def __str__(self) -> str:
        parts = [", ".join(names) for names in (self.accounts, self.regions, self.resources, self.files) if names]
        return "; ".join([*parts, *(f"{key}={value}" for key, value in self.tags.items())])


class Of(msgspec.Struct, frozen=True, kw_only=True):
    """The resource of a template in whose metadata a waiver stands: it waives nothing else."""

    file: str
    resource: str


class Waiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One waiver, as it was written down, of a check (or those like `s3-*`), a responsibility or a finding.

    `until` is the last day on which it holds (UTC). `file` and `line` say where it stands. Its id is made of what it
    waives: one that is written anew with a later end is the same.
    """

    check: str | None = None
    responsibility: str | None = None
    finding: str | None = None
    scope: WaiverScope = WaiverScope()
    of: Of | None = None
    reason: str
    owner: str | None = None
    until: date | None = None
    file: str = ""
    line: int = 0

    @property
    def id(self) -> str:
        what = (self.check, self.responsibility, self.finding, self.scope, self.of)
        return f"w-{sha256(to_json(what, order='sorted')).hexdigest()[:ID_DIGITS]}"

    @property
    def what(self) -> str:
        """What it waives, in words."""
        named = self.check or self.responsibility or f"finding {self.finding}"
        where = f"{self.of.resource} in {self.of.file}" if self.of is not None else str(self.scope)
        return f"{named} ({where})" if where else named

    def is_about(self, resource: str, names: Iterable[str] = ()) -> bool:
        """Whether a resource is meant by its scope, as far as that names resources: by itself, or by other names."""
        texts = (resource, *names)
        return not self.scope.resources or any(
            fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
            for text in texts
            for pattern in self.scope.resources
        )


class Waivers(msgspec.Struct, frozen=True, kw_only=True):
    """All waivers of some places, and those that are refused: these waive nothing."""

    waivers: tuple[Waiver, ...] = ()
    problems: tuple[Problem, ...] = ()


class WaiverRules(msgspec.Struct, frozen=True, kw_only=True):
    """Whether waivers may do without an end, and without an owner."""

    without_end: bool = False
    without_owner: bool = False


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that waivers may name, and the rules that they are held to."""

    checks: Collection[str]
    responsibilities: Collection[str]
    rules: WaiverRules = WaiverRules()


ReadWaivers = Callable[[Known], Waivers]
"""Gives all waivers of one place. A file and the ledger are such places."""


class _Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: tuple[str | int, ...] | None = None
    regions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    files: tuple[str, ...] | None = None
    tags: dict[str, str | int | float | bool] | None = None


class _Stated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in the metadata of a resource, which says itself what is meant."""

    check: str | None = None
    responsibility: str | None = None
    reason: str
    owner: str | None = None
    until: str | None = None


class _Written(_Stated, frozen=True, kw_only=True, forbid_unknown_fields=True):
    finding: str | None = None
    scope: _Scope | None = None


def file_waivers(path: Path) -> ReadWaivers:
    """What gives the waivers of a file."""
    return lambda known: load_waivers(path, known)


def load_waivers(path: Path, known: Known) -> Waivers:
    """The waivers of a file; what is wrong with one of them is a problem, and the others hold.

    Raises DocumentError where the file cannot be read, or is no list.
    """
    return parse_waivers(read_text(path), str(path), known)


def parse_waivers(text: str, file: str, known: Known) -> Waivers:
    """The waivers of a text, as `load_waivers` reads them. A text of comments alone has none."""
    root = compose(text, file)
    if root is not None and not isinstance(root, yaml.SequenceNode):
        raise DocumentError("is no list of waivers; begin each with '- '", file, 1)
    problems = Problems()
    first: dict[str, Waiver] = {}
    entries = parse_list(text, file, _Written, problems) if root is not None else ()
    for waiver in _waivers(entries, known, problems):
        before = first.setdefault(waiver.id, waiver)
        if before is not waiver:
            problems.add(file, waiver.line, f"waives the same as the one on line {before.line}; keep one of them")
    return Waivers(waivers=tuple(first.values()), problems=problems.listed())


def declared_waivers(stated: Any, of: Of, line: int, known: Known) -> Waivers:
    """The waivers of `Metadata: {Demarcate: {waive: [...]}}` of a resource, whatever stands there."""
    problems = Problems()
    if not isinstance(stated, dict) or set(stated) != {"waive"} or not isinstance(stated["waive"], list):
        problems.add(of.file, line, f"{of.resource}: Metadata.Demarcate has to be {{waive: [a list of waivers]}}")
        return Waivers(problems=problems.listed())
    wrong = Problems()
    entries = parse_list(to_json(stated["waive"]).decode(), "", _Stated, wrong)  # which is YAML, too
    waivers = tuple(_waivers(entries, known, wrong, of))
    for problem in wrong.listed():
        problems.add(of.file, line, f"{of.resource}: Metadata.Demarcate.waive: {problem.message}")
    return Waivers(
        waivers=tuple(msgspec.structs.replace(waiver, file=of.file, line=line) for waiver in waivers),
        problems=problems.listed(),
    )


def joined(*given: Waivers) -> Waivers:
    """The waivers of several places."""
    return Waivers(
        waivers=tuple(waiver for part in given for waiver in part.waivers),
        problems=tuple(problem for part in given for problem in part.problems),
    )


def waiver_of(known: Known, values: dict[str, Any]) -> Waiver:
    """One waiver, from values under the keys that a file has them under.

    Raises DemarcateError that says all that is wrong with them.
    """
    problems = Problems()
    waivers = list(_waivers(parse_list(to_json([values]).decode(), "", _Written, problems), known, problems))
    if wrong := problems.listed():
        raise DemarcateError(*(problem.message for problem in wrong))
    return msgspec.structs.replace(waivers[0], line=0)


def refused(waiver: Waiver, known: Known) -> str | None:
    """Why a waiver that was written down before is none today; None where it is one."""
    try:
        _check_named(waiver, known)
    except Unusable as why:
        return str(why)
    return None


def checks_of(waiver: Waiver, checks: Iterable[str]) -> list[str]:
    """The checks that a waiver of checks names."""
    return fnmatch.filter(checks, (waiver.check or "").replace("[", "[[]"))


def _waivers(
    entries: Iterable[Entry[Any]], known: Known, problems: Problems, of: Of | None = None
) -> Iterator[Waiver]:
    for entry in entries:
        try:
            yield _waiver(entry, known, of)
        except Unusable as why:
            problems.add(entry.file, why.line or entry.line, why)


def _waiver(entry: Entry[Any], known: Known, of: Of | None) -> Waiver:
    written: _Stated = entry.value
    with entry.at("until"):
        until = day(written.until, "until") if written.until is not None else None
    if until is None and not known.rules.without_end:
        raise Unusable("has no end; add 'until' (a date), or set waivers-without-end")
    with entry.at("owner"):
        owner = said(written.owner, "owner") if written.owner is not None else None
    if owner is None and not known.rules.without_owner:
        raise Unusable("has no owner; add 'owner', or set waivers-without-owner")
    with entry.at("reason"):
        reason = said(written.reason, "reason")
    with entry.at("scope"):
        scope = _scope(getattr(written, "scope", None))
    waiver = Waiver(
        check=written.check,
        responsibility=written.responsibility,
        finding=getattr(written, "finding", None),
        scope=scope,
        of=of,
        reason=reason,
        owner=owner,
        until=until,
        file=entry.file,
        line=entry.line,
    )
    named = next(
        (name for name in ("check", "responsibility", "finding") if getattr(waiver, name) is not None), ""
    )
    with entry.at(*([named] if named else [])):
        _check_named(waiver, known)
    return waiver


def _check_named(waiver: Waiver, known: Known) -> None:
    """Refuse what names nothing, two things, or everything."""
    named = [name for name in (waiver.check, waiver.responsibility, waiver.finding) if name is not None]
    if len(named) != 1:
        raise Unusable(f"names {len(named) or 'nothing'}; name one: a check, a responsibility or a finding")
    if waiver.responsibility is not None and waiver.responsibility not in known.responsibilities:
        raise UnknownName("responsibility", waiver.responsibility, known.responsibilities)
    if waiver.finding is not None and not _FINDING.fullmatch(waiver.finding):
        raise Unusable(f"finding is {shown(waiver.finding)}; expected the 16 characters of a finding's id")
    if waiver.finding is not None and waiver.scope != WaiverScope():
        raise Unusable("names a finding and a scope; a finding is one resource already")
    if waiver.check is not None:
        checks = checks_of(waiver, known.checks)
        if not checks:
            raise UnknownName("check", waiver.check, known.checks)
        if len(checks) == len(known.checks) > 1 and waiver.of is None and waiver.scope == WaiverScope():
            raise Unusable(f"{shown(waiver.check)} is every check, everywhere; name what is accepted")


def _scope(written: _Scope | None) -> WaiverScope:
    """For what it holds. Raises Unusable for a name that is none, and for a list without one."""
    if written is None:
        return WaiverScope()
    given = {
        name: getattr(written, name) for name in _Scope.__struct_fields__ if getattr(written, name) is not None
    }
    if not given:
        raise Unusable("scope is empty; name accounts, regions, resources, files or tags, or leave it out")
    for name, values in given.items():
        if not values:
            raise Unusable(f"scope.{name} is empty; name some, or leave it out where all are meant")
    accounts = tuple(str(account) for account in given.get("accounts", ()))
    for account in accounts:
        if not is_account_id(account):
            raise Unusable(f"scope.accounts has {shown(account)}; expected the 12 digits of an account, in quotes")
    for region in given.get("regions", ()):
        if region != "global" and not is_region(region):
            raise Unusable(f"scope.regions has {shown(region)}; expected a region such as eu-central-1")
    for name in ("resources", "files"):
        for pattern in given.get(name, ()):
            if not pattern.strip("*?"):
                raise Unusable(
                    f"scope.{name} has {shown(pattern)}, which is everything; leave it out, or say which"
                )
    tags = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in given.get("tags", {}).items()
    }
    return WaiverScope(
        accounts=accounts,
        regions=tuple(given.get("regions", ())),
        resources=tuple(given.get("resources", ())),
        files=tuple(given.get("files", ())),
        tags=tags,
    )
