"""What other tools were told to be silent about, as waivers: Prowler's mutelist, Checkov's skips, cfn_nag's metadata.

Their ids become checks of ours by what these cite (`refs`). Where something was accepted that no scope says as well, it
is not carried over, and told: no waiver is about more resources than the other tool was silent about.

Sources of the formats: prowler/lib/mutelist/{models,mutelist}.py and prowler/config/aws_mutelist_example.yaml of
Prowler; checkov/common/comment/enum.py and checkov/cloudformation/context_parser.py of Checkov; lib/cfn-nag/metadata.rb
of cfn_nag.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import yaml

from demarcate.base.arn import is_account_id, is_region
from demarcate.base.documents import DocumentError, compose, line_of, node_at, plain
from demarcate.base.errors import DemarcateError
from demarcate.checks.structs import Check
from demarcate.evidence.problems import Problems, Unusable, shown
from demarcate.evidence.texts import read_text
from demarcate.evidence.waivers import Known, Waiver, Waivers, waiver_of

PROWLER, CHECKOV, CFN_NAG = "prowler", "checkov", "cfn-nag"
"""Tools, as the references of checks name them."""

_MUTELIST: Final = ("Mutelist", "Mute List", "Allowlist")
"""What Prowler's file begins with: of version 4 on, in its own example, and of version 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """What is said of waivers that the other tool does not know: until when, on whose word, and why where it has no
    reason of its own.
    """

    reason: str | None = None
    owner: str | None = None
    until: str | None = None


class _Silence(NamedTuple):
    """Something that a tool was told to be silent about: its id, or a pattern of ids, and where."""

    tool: str
    id: str
    scope: Mapping[str, Any]
    reason: str
    line: int


def imported(files: Iterable[Path], checks: Mapping[str, Check], known: Known, giving: Giving) -> Waivers:
    """The waivers that some files come to, and what of them cannot be carried over.

    Raises DemarcateError where a file cannot be read, or has nothing of any of these tools.
    """
    by_ref = _by_ref(checks)
    problems = Problems()
    waivers: dict[str, Waiver] = {}
    for path in files:
        for silence in _silences(path, problems):
            try:
                for waiver in _waivers(silence, by_ref, known, giving):
                    waivers.setdefault(waiver.id, waiver)
            except (Unusable, DemarcateError) as why:
                problems.add(str(path), silence.line, f"{silence.tool} {silence.id}: {why}")
    return Waivers(waivers=tuple(waivers.values()), problems=problems.listed())


def _by_ref(checks: Mapping[str, Check]) -> dict[tuple[str, str], list[str]]:
    by_ref: dict[tuple[str, str], list[str]] = {}
    for check in checks.values():
        for tool in (PROWLER, CHECKOV, CFN_NAG):
            for ref in check.refs.get(tool, ()):
                by_ref.setdefault((tool, ref), []).append(check.id)
    return by_ref


def _waivers(
    silence: _Silence, by_ref: Mapping[tuple[str, str], list[str]], known: Known, giving: Giving
) -> Iterator[Waiver]:
    """One waiver for each check that it names. Raises Unusable and DemarcateError where there is none."""
    ids = [ref for tool, ref in by_ref if tool == silence.tool and fnmatch.fnmatchcase(ref, silence.id)]
    named = list(dict.fromkeys(check for ref in ids for check in by_ref[silence.tool, ref]))
    if silence.id == "*":
        named = ["*"]
    if not named:
        raise Unusable("no check here cites it")
    reason = silence.reason or giving.reason
    if not reason:
        raise Unusable("no reason is given there; say one for all (--reason)")
    for check in named:
        values = {"check": check, "scope": silence.scope or None, "reason": reason}
        values |= {"owner": giving.owner, "until": giving.until}
        yield waiver_of(known, {key: value for key, value in values.items() if value is not None})


def _silences(path: Path, problems: Problems) -> Iterator[_Silence]:
    text, file = read_text(path), str(path)
    if path.suffix == ".tf":
        yield from _terraform(text, file, problems)
        return
    root = compose(text, file)
    keys = {key.value: value for key, value in _pairs(root)}
    if any(key in keys for key in _MUTELIST):
        yield from _mutelist(next(keys[key] for key in _MUTELIST if key in keys), file, problems)
    elif isinstance(keys.get("Resources"), yaml.MappingNode):
        yield from _template(keys["Resources"], text, file, problems)
    else:
        raise DocumentError("is no mutelist of Prowler, no template and no .tf file", file, 1)


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """The pairs of a mapping whose keys are texts; none of anything else."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode):
            yield key, value


# --- Prowler -------------------------------------------------------------------------------------------------


class _Exceptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: tuple[str | int, ...] = msgspec.field(name="Accounts", default=())
    regions: tuple[str, ...] = msgspec.field(name="Regions", default=())
    resources: tuple[str, ...] = msgspec.field(name="Resources", default=())
    tags: tuple[str, ...] = msgspec.field(name="Tags", default=())


class _Muted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    regions: tuple[str, ...] = msgspec.field(name="Regions")
    resources: tuple[str, ...] = msgspec.field(name="Resources")
    tags: tuple[str, ...] | None = msgspec.field(name="Tags", default=None)
    exceptions: _Exceptions | None = msgspec.field(name="Exceptions", default=None)
    description: str = msgspec.field(name="Description", default="")


def _mutelist(node: yaml.Node, file: str, problems: Problems) -> Iterator[_Silence]:
    accounts = node_at(node, ["Accounts"])
    if accounts is node or not isinstance(accounts, yaml.MappingNode):
        raise DocumentError("has no Accounts, as Prowler's mutelists have", file, line_of(node))
    for account, below in _pairs(accounts):
        checks = node_at(below, ["Checks"])
        if checks is below or not isinstance(checks, yaml.MappingNode):
            problems.add(file, line_of(account), f"account {shown(account.value)} has no Checks")
            continue
        for check, muted in _pairs(checks):
            # Prowler itself takes the name of a service that it once had for today's.
            name = re.sub("^lambda", "awslambda", check.value)
            try:
                said = msgspec.convert(plain(muted, file), _Muted)
                pattern, scope = _pattern_of_checks(name), _scope(account.value, said)
                yield _Silence(PROWLER, pattern, scope, said.description, line_of(check))
            except DocumentError as error:
                problems.add(file, error.line, error.message)
            except msgspec.ValidationError as error:
                problems.add(file, line_of(check), f"prowler {name}: {error}")
            except Unusable as why:
                problems.add(file, line_of(check), f"prowler {name}: {why}")


def _pattern_of_checks(name: str) -> str:
    """Prowler searches for the name anywhere in a check's, as a regular expression."""
    if name == "*" or re.fullmatch(r"[a-z0-9_]+", name):
        return name
    if match := re.fullmatch(r"([a-z0-9_]*[a-z0-9])_?\*", name):
        return f"{match[1]}_*" if name.endswith("_*") else f"{match[1]}*"
    raise Unusable("its pattern of checks is a regular expression; name the checks one by one")


def _scope(account: str, said: _Muted) -> dict[str, Any]:
    """For what it was muted. Raises Unusable where that cannot be said here."""
    if said.exceptions is not None and said.exceptions != _Exceptions():
        raise Unusable("it has exceptions; a waiver has none: write the waivers of what is left by hand")
    scope: dict[str, Any] = {}
    if account != "*":
        if not is_account_id(account):
            raise Unusable(f"account {shown(account)} is no account's 12 digits")
        scope["accounts"] = [account]
    if "*" not in said.regions:
        for region in said.regions:
            if not is_region(region):
                raise Unusable(f"region {shown(region)} is a regular expression; name the regions")
        scope["regions"] = list(said.regions)
    if "*" not in said.resources:
        scope["resources"] = [_glob(text) for text in said.resources]
    if said.tags and "*" not in said.tags:
        scope["tags"] = dict(map(_tag, said.tags))
    for name in ("regions", "resources"):
        if name in scope and not scope[name]:
            raise Unusable(f"it names no {name}, and so mutes nothing")
    return scope


_PIECE: Final = re.compile(r"\.\*|\.\+|\\[.\-/+*?$^]|[A-Za-z0-9_:/@=,. -]")
_GLOBS: Final = {".*": "*", ".+": "?*", ".": "?"}


def _glob(text: str) -> str:
    """A regular expression that is searched for, as a pattern of the whole. Raises Unusable where none says the same.

    >>> _glob("ci-logs"), _glob("^prod.+"), _glob("*-logs$")
    ('*ci-logs*', 'prod?*', '*-logs')
    """
    rest = f".*{text[1:]}" if text.startswith("*") else text
    begins, ends = rest.startswith("^"), rest.endswith("$") and not rest.endswith("\\$")
    rest = rest[1 if begins else 0 : len(rest) - 1 if ends else None]
    pieces, place = [], 0
    while match := _PIECE.match(rest, place):
        piece = match[0]
        pieces.append(_GLOBS.get(piece) or (piece[1:] if piece.startswith("\\") else piece))
        place = match.end()
        if piece in (r"\*", r"\?"):
            raise Unusable(f"resource {shown(text)} has a sign that is a pattern here")
    if place != len(rest) or not rest:
        raise Unusable(f"resource {shown(text)} is a regular expression that no pattern here says as well")
    whole = f"{'' if begins else '*'}{''.join(pieces)}{'' if ends else '*'}"
    return re.sub(r"\*+", "*", whole)


def _tag(text: str) -> tuple[str, str]:
    """A tag. Prowler searches for it in a text of all tags; here it is one tag with that value, and no other."""
    match = re.fullmatch(r"([A-Za-z0-9_:/@. -]+)=([A-Za-z0-9_:/@. -]*)", text)
    if match is None:
        raise Unusable(f"tag {shown(text)} is a regular expression; name one tag and its value")
    return match[1], match[2]


# --- Checkov and cfn_nag -------------------------------------------------------------------------------------

_SKIP: Final = re.compile(r"(?:checkov|bridgecrew|cortex):skip= *([A-Za-z_\d-]+(?:,[A-Za-z_\d-]+)*)(?::([^\n]*))?")


def _template(resources: yaml.Node, text: str, file: str, problems: Problems) -> Iterator[_Silence]:
    lines = text.splitlines()
    for key, body in _pairs(resources):
        scope = {"resources": [key.value], "files": [file]}
        # Checkov looks from the line of the resource's name to the one on which it ends.
        for number in range(line_of(key), min(_last_line(body), len(lines)) + 1):
            if match := _SKIP.search(lines[number - 1]):
                yield from _skipped(match, scope, number)
        for path, tool, reason in _METADATA:
            stated = node_at(body, path)
            if not isinstance(stated, yaml.SequenceNode) or not _is_at(body, path):
                continue
            for item in stated.value:
                yield from _suppressed(item, tool, reason, scope, file, problems)


_METADATA: Final = (
    (("Metadata", "checkov", "skip"), CHECKOV, "comment"),
    (("Metadata", "bridgecrew", "skip"), CHECKOV, "comment"),
    (("Metadata", "cfn_nag", "rules_to_suppress"), CFN_NAG, "reason"),
)
"""Where a template has suppressions, of which tool, and under which key why."""


def _last_line(node: yaml.Node) -> int:
    """The last line of a node: a block ends at the beginning of the line after it."""
    return int(node.end_mark.line) + (1 if node.end_mark.column else 0)


def _is_at(node: yaml.Node, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            return False
        below = next((value for name, value in node.value if name.value == key), None)
        if below is None:
            return False
        node = below
    return True


def _suppressed(
    item: yaml.Node, tool: str, reason: str, scope: Mapping[str, Any], file: str, problems: Problems
) -> Iterator[_Silence]:
    try:
        said = plain(item, file)
    except DocumentError as error:
        problems.add(file, error.line, error.message)
        return
    if not isinstance(said, dict) or not isinstance(said.get("id"), str):
        problems.add(file, line_of(item), f"{tool}: a suppression without an id suppresses nothing")
        return
    told = said.get(reason)
    yield _Silence(tool, said["id"], scope, told if isinstance(told, str) else "", line_of(item))


def _skipped(match: re.Match[str], scope: Mapping[str, Any], line: int) -> Iterator[_Silence]:
    reason = (match[2] or "").strip().strip("\"'")
    for id_ in match[1].split(","):
        yield _Silence(CHECKOV, id_, scope, reason, line)


_BLOCK: Final = re.compile(r"^\s*(resource|data|module|provider|variable|locals|output|terraform)\b(.*)")
_NAMES: Final = re.compile(r'\s*"([A-Za-z0-9_-]+)"\s*"([A-Za-z0-9_-]+)"\s*\{')


def _terraform(text: str, file: str, problems: Problems) -> Iterator[_Silence]:
    """The skips within `resource` blocks: by their address, in this module or in any that is called."""
    scope: dict[str, Any] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("}"):
            scope = None
        elif block := _BLOCK.match(line):
            names = _NAMES.match(block[2]) if block[1] == "resource" else None
            scope = {"resources": _addresses(f"{names[1]}.{names[2]}")} if names else None
        if match := _SKIP.search(line):
            if scope is None:
                problems.add(file, number, f"checkov {match[1]}: it does not stand in a resource")
            else:
                yield from _skipped(match, scope, number)


def _addresses(address: str) -> list[str]:
    """The addresses that a resource may have: with a number or key, and in a module."""
    return [address, f"{address}[*]", f"*.{address}", f"*.{address}[*]"]
