"""Rules from folders: read safely, parsed by pySigma, compiled by us.

A rule that cannot be taken is a problem that names its file, line and title, and the others go on.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec
import yaml

from demarcate.base import cache
from demarcate.base.documents import DocumentError, compose_all, convert, line_of, node_at, plain, read_text
from demarcate.base.errors import DemarcateError, Problem
from demarcate.base.files import is_file, is_folder, walk
from demarcate.logs.sigma.fields import place_of
from demarcate.logs.sigma.structs import ANCHORS, Correlation, Level, Own, Rule
from demarcate.logs.sigma.trees import Anywhere, Matches, Regex, Tree, leaves
from demarcate.logs.sigma.values import Placeholders, Refused

_NONE: Final[Placeholders] = MappingProxyType({})
SHIPPED: Final = Path(__file__).parent.parent / "rules"


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules by their ids, what each asks (where it is no correlation), and what was left out: with what is wrong with
    it, or because it is about logs of another product.
    """

    rules: dict[str, Rule]
    trees: dict[str, Tree]
    problems: tuple[Problem, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def named(self, name: str) -> Rule:
        """The rule with an id or name. Raises DemarcateError."""
        import difflib

        for rule in self.rules.values():
            if name in (rule.id, rule.name):
                return rule
        names = [rule.name for rule in self.rules.values()]
        near = difflib.get_close_matches(name, names, 1)
        hint = f"; did you mean {near[0]}?" if near else " (see: demarcate detections list)"
        raise DemarcateError(f"there is no rule {name!r}{hint}")


@dataclass(frozen=True, slots=True)
class _Document:
    """One document of a file: its node, its values, and where it is."""

    node: yaml.Node
    value: dict[str, Any]
    file: str

    @property
    def line(self) -> int:
        return line_of(self.node)

    @property
    def title(self) -> str:
        return str(self.value.get("title", ""))[:100] or "a rule without a title"


def load_rules(
    folders: Sequence[Path] = (), *, shipped: bool = True, placeholders: Placeholders = _NONE, trees: bool = False
) -> Rules:
    """Our rules and those of folders (or single files), compiled. One of a folder takes the place of ours with its id.

    What was compiled before comes from the cache, without its `trees`, unless these are wanted. Raises DemarcateError
    for a folder that is none or has no rule, where no rule is asked for at all, and where pySigma is not installed.
    """
    _require()
    if not shipped and not folders:
        raise DemarcateError("--only leaves no rule: name a folder of rules with --rules")
    problems: list[Problem] = []
    texts: list[list[tuple[str, str]]] = []
    for folder in ([SHIPPED] if shipped else []) + list(folders):
        if not is_folder(folder) and not is_file(folder):
            raise DemarcateError(f"{folder}: neither a folder nor a file; --rules names a folder of Sigma's rules")
        before = len(problems)
        texts.append(list(_texts_of(folder, problems)))
        if not texts[-1] and len(problems) == before:
            raise DemarcateError(f"{folder}: there is no rule in it: expected files of Sigma's (.yml, .yaml)")
    if trees:
        rules = _read(texts, placeholders)
    else:
        told = (part for each in texts for pair in [("", ""), *each] for part in pair)
        stands_for = (part for name, values in placeholders.items() for part in (name, "", *values))
        parts = [part.encode("utf-8", "surrogatepass") for part in (*told, *stands_for)]
        kept = cache.cached(
            "rules", cache.fingerprint([_compiler(), *parts]), _Kept, lambda: _kept(texts, placeholders)
        )
        rules = Rules(kept.rules, {}, kept.problems, kept.elsewhere)
    return Rules(rules.rules, rules.trees, (*problems, *rules.problems), rules.elsewhere)


class _Kept(msgspec.Struct, frozen=True):
    """Rules without their trees."""

    rules: dict[str, Rule]
    problems: tuple[Problem, ...]
    elsewhere: tuple[str, ...]


def _kept(texts: Sequence[Sequence[tuple[str, str]]], placeholders: Placeholders) -> _Kept:
    rules = _read(texts, placeholders)
    return _Kept(rules.rules, rules.problems, rules.elsewhere)


@functools.cache
def _compiler() -> bytes:
    """What compiled rules depend on beside their texts: our code, and the libraries that it stands on."""
    import importlib.metadata

    import demarcate.base as base

    folders = [Path(__file__).parent, Path(__file__).parent.parent, Path(base.__path__[0])]
    code = [path.read_bytes() for folder in folders for path in sorted(folder.glob("*.py"))]
    versions = [
        importlib.metadata.version(name).encode() for name in ("pysigma", "sqlglot", "duckdb", "google-re2")
    ]
    return cache.fingerprint([*versions, *code]).encode()


def _read(texts: Sequence[Sequence[tuple[str, str]]], placeholders: Placeholders) -> Rules:
    taken: dict[str, _Document] = {}
    problems: list[Problem] = []
    elsewhere: list[str] = []
    for files in texts:
        of_folder: dict[str, _Document] = {}
        for document in _documents(files, problems):
            where = _elsewhere(document.value)
            if where:
                elsewhere.append(f"{document.file}: {document.title} ({where})")
                continue
            ident = _ident(document)
            if ident in of_folder:
                first = of_folder[ident]
                problems.append(_problem(document, f"has the id of the one at {first.file}:{first.line}"))
                continue
            of_folder[ident] = document
        taken |= of_folder
    return _compiled(taken, problems, elsewhere, placeholders)


def _require() -> None:
    try:
        import sigma.rule  # noqa: F401
    except ImportError as error:
        raise DemarcateError(
            'detections need pySigma, which is not installed: pip install "demarcate[sigma]"'
        ) from error


def _texts_of(folder: Path, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """The files of rules in a folder, by their names and texts."""

    def refuse(path: Path, why: str) -> None:
        problems.append(Problem(why, str(path)))

    files = [folder] if is_file(folder) else walk(folder, [folder], _is_wanted, refuse)
    for path in files:
        try:
            yield str(path), read_text(path)
        except DocumentError as error:
            problems.append(Problem(error.message, error.file, error.line))


def _is_wanted(name: str) -> bool:
    return name.endswith((".yml", ".yaml"))


def _documents(files: Iterable[tuple[str, str]], problems: list[Problem]) -> Iterator[_Document]:
    for file, text in files:
        try:
            nodes = compose_all(text, file)
        except DocumentError as error:
            problems.append(Problem(error.message, error.file, error.line))
            continue
        for node in nodes:
            try:
                value = plain(node, file)
            except DocumentError as error:
                problems.append(Problem(error.message, error.file, error.line))
                continue
            if not isinstance(value, dict):
                problems.append(Problem("is no rule of Sigma: expected a mapping", file, line_of(node)))
                continue
            yield _Document(node, value, file)


def _elsewhere(value: dict[str, Any]) -> str:
    """Whose logs a rule is about, where that is not CloudTrail."""
    source = value.get("logsource")
    if "correlation" in value or not isinstance(source, dict):
        return ""
    told = {name: str(source[name]) for name in ("category", "product", "service") if source.get(name)}
    product, service = (told.get(name, "").lower() for name in ("product", "service"))
    # Older public rules name the service alone, and nobody else has one of that name.
    if (product, service) in {("aws", "cloudtrail"), ("aws", ""), ("", "cloudtrail")}:
        return ""
    return " ".join(f"{name}: {value}" for name, value in told.items())


def _ident(document: _Document) -> str:
    named = document.value.get("id") or document.value.get("name")
    return str(named).lower() if named else f"{Path(document.file).stem}-{document.line}"


def _problem(document: _Document, message: str, line: int | None = None) -> Problem:
    return Problem(f"{document.title}: {message}", document.file, line or document.line)


def _compiled(
    taken: Mapping[str, _Document], problems: list[Problem], elsewhere: list[str], placeholders: Placeholders
) -> Rules:
    rules: dict[str, Rule] = {}
    trees: dict[str, Tree] = {}
    regexes: dict[str, str | None] = {}
    correlations: list[tuple[str, _Document]] = []
    for ident, document in taken.items():
        if "correlation" in document.value:
            correlations.append((ident, document))
            continue
        try:
            rule, tree = _rule(ident, document, placeholders, regexes)
            rules[rule.id], trees[rule.id] = rule, tree
        except (DemarcateError, _Unparsed) as error:
            problems.append(_said(document, error))
    for ident, document in correlations:
        try:
            rule, looked_at = _correlation(ident, document, rules)
        except (DemarcateError, _Unparsed) as error:
            problems.append(_said(document, error))
            continue
        rules[rule.id] = rule
        for other in looked_at:
            rules[other] = msgspec.structs.replace(rules[other], silent=True)
    return Rules(rules, trees, tuple(problems), tuple(elsewhere))


def _said(document: _Document, error: Exception) -> Problem:
    if isinstance(error, DocumentError):
        return _problem(document, error.message, error.line)
    return _problem(document, str(error))


class _Unparsed(Exception):
    """What pySigma says of a rule that it does not take."""


def _parsed(kind: Any, document: _Document) -> Any:
    """A rule as pySigma parses it. Raises _Unparsed for whatever it does with one that is broken."""
    sigmas = {key: value for key, value in document.value.items() if key != "demarcate"}
    try:
        return kind.from_dict(sigmas, policy=_policy())
    except RecursionError as error:
        raise _Unparsed("is nested too deeply") from error
    except Exception as error:
        raise _Unparsed(" ".join(str(error).split()) or type(error).__name__) from error


@functools.cache
def _policy() -> Any:
    """Regular expressions are compiled by RE2, and what it does not take is an error and no line on standard error."""
    import re2
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine

    options = re2.Options()
    options.log_errors = False

    class Quiet(RE2RegexEngine):  # type: ignore[misc,unused-ignore]
        def compile(self, pattern: str, flags: int = 0) -> Any:
            given = "".join(letter for flag, letter in _FLAGS.items() if flags & flag)
            return re2.compile(f"(?{given}){pattern}" if given else pattern, options)

    return SigmaPolicy(regex_engine=Quiet())


_FLAGS: Final = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}


def _rule(
    ident: str, document: _Document, placeholders: Placeholders, regexes: dict[str, str | None]
) -> tuple[Rule, Tree]:
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    from demarcate.logs.sigma import printing
    from demarcate.logs.sigma.conditions import check_condition, tree_of
    from demarcate.logs.sigma.trees import names_of

    _check_kind(document)
    for condition in _conditions(document.value.get("detection")):
        check_condition(condition)
    parsed = _parsed(SigmaRule, document)
    try:
        tree = tree_of(parsed, placeholders)
    except SigmaError as error:
        raise _Unparsed(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise Refused("is nested too deeply") from error
    _check_size(tree)
    _check_regexes(tree, regexes)
    own = _own(document)
    predicate, columns = printing.predicate(tree)
    names, sources = names_of(tree, "eventName"), names_of(tree, "eventSource")
    rule = _texts(ident, document, parsed, own)
    return msgspec.structs.replace(
        rule,
        predicate=predicate,
        columns=columns,
        event_names=None if names is None else tuple(sorted(names)),
        sources=None if sources is None else tuple(sorted(sources)),
        anchor=next(
            ((field, tuple(sorted(texts))) for field in ANCHORS if (texts := names_of(tree, field)) is not None),
            None,
        ),
        baseline=own.baseline,
        baseline_per=_first_texts(own.baseline.per if own.baseline else ()),
        baseline_of=_first_texts(own.baseline.of if own.baseline else ()),
    ), tree


def _first_texts(fields: Iterable[str]) -> tuple[str, ...]:
    from demarcate.logs.sigma import printing

    return tuple(printing.first_text(field) for field in fields)


def _check_kind(document: _Document) -> None:
    if not isinstance(document.value.get("id", ""), str):
        raise Refused("has an id that is no text; expected a UUID")
    if "filter" in document.value:
        raise Refused("is a filter, and filters are not taken; write its condition into the rule")
    if "action" in document.value:
        raise Refused("has an action of the old collections; write each rule in full")
    if "detection" not in document.value:
        raise Refused("is no rule of Sigma: it has no detection")


def _conditions(detection: Any) -> list[Any]:
    if not isinstance(detection, dict):
        return []
    condition = detection.get("condition", "")
    return list(condition) if isinstance(condition, list) else [condition]


MAX_STEPS: Final = 3_000
"""How many members of documents a rule may look into, all told: each is a step of SQL."""


def _check_size(tree: Tree) -> None:
    places = [place for leaf in leaves(tree) if not isinstance(leaf, Anywhere) for place in [place_of(leaf.field)]]
    steps = sum(len(place.path) + 1 for place in places if place is not None)
    if steps > MAX_STEPS:
        raise Refused(f"looks into {steps:,} members of events; at most {MAX_STEPS:,} are taken")


def _check_regexes(tree: Tree, known: dict[str, str | None]) -> None:
    """Have DuckDB compile each regular expression of a tree once. Raises Refused for one that it does not take."""
    for leaf in leaves(tree):
        if not isinstance(leaf, Matches | Anywhere):
            continue
        for matcher in leaf.matchers:
            if isinstance(matcher, Regex) and matcher.pattern not in known:
                known[matcher.pattern] = _why_no_regex(matcher.pattern)
            if isinstance(matcher, Regex) and known[matcher.pattern]:
                raise Refused(f"has the regular expression {matcher.pattern[:100]!r}: {known[matcher.pattern]}")


def _why_no_regex(pattern: str) -> str | None:
    from demarcate.base import duckdb
    from demarcate.base.connection import connect, short

    with connect() as connection:
        try:
            connection.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
        except duckdb.Error as error:
            return short(error)
    return None


def _own(document: _Document) -> Own:
    node = node_at(document.node, ["demarcate"])
    if node is document.node or "demarcate" not in document.value:
        return Own()
    own = convert(node, Own, document.file)
    if own.baseline is not None and (not own.baseline.of or own.baseline.days < 1):
        raise Refused("has a baseline without fields ('of'), or of less than a day")
    return own


_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _seconds(span: str) -> int:
    match = _SPAN.fullmatch(span)
    if match is None:
        raise Refused(f"has the window {span[:20]!r}; expected a number with s, m, h or d behind it: 1d")
    return int(match[1]) * _SECONDS[match[2]]


def _named(document: _Document) -> str:
    """What a rule without a name is called: after its file, or its title where it is not the first there."""
    if document.line == 1:
        return Path(document.file).stem.replace("_", "-")
    return "-".join(re.findall(r"[a-z0-9]+", document.title.lower())) or document.title


def _texts(ident: str, document: _Document, parsed: Any, own: Own) -> Rule:
    level = cast(Level, parsed.level.name.lower()) if parsed.level is not None else "medium"
    return Rule(
        id=str(parsed.id or ident),
        name=parsed.name or _named(document),
        title=parsed.title,
        description=" ".join((parsed.description or "").split()),
        level=level,
        status=parsed.status.name.lower() if parsed.status is not None else "",
        author=parsed.author or "",
        license=parsed.license or "",
        references=tuple(map(str, parsed.references)),
        tags=tuple(str(tag).lower() for tag in parsed.tags),
        false_positives=tuple(map(str, parsed.falsepositives)),
        responsibility=own.responsibility,
        remedy=own.remedy,
        entity=_first_texts(own.entity),
        window=_seconds(own.window),
        examples=own.examples,
        file=document.file,
        line=document.line,
    )


def _correlation(ident: str, document: _Document, rules: Mapping[str, Rule]) -> tuple[Rule, tuple[str, ...]]:
    """A correlation, and the rules that only it looks at."""
    from sigma.correlations import SigmaCorrelationRule

    from demarcate.logs.sigma.correlations import correlation_of

    parsed = _parsed(SigmaCorrelationRule, document)
    correlation: Correlation = correlation_of(parsed, rules)
    own = _own(document)
    if own.baseline is not None:
        raise Refused("has a baseline, which only rules of single events may have")
    rule = msgspec.structs.replace(_texts(ident, document, parsed, own), correlation=correlation)
    return rule, () if parsed.generate else correlation.rules
