"""Rows of live tables, made by the real reader of answers that say everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

from demarcate.estate.schema.rows import Item, find, named_in
from demarcate.estate.schema.table import Bulk, Call, Each, Table
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.aws.asking import Asker, Target
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.naming import Names
from demarcate.estate.sources.aws.reading import Reader
from demarcate.estate.sources.aws.session import Account
from demarcate.estate.sources.plan import TablePlan
from tests.aws.answers.asking import api_name, calls_of
from tests.estate.golden.forms import STEP, answer_of
from tests.estate.golden.keeping import Kept
from tests.estate.golden.outline import Outline
from tests.estate.golden.said import put, said
from tests.estate.golden.values import ACCOUNT, REGION, SPARSE, VARIANTS, Values

SCOPE = Target(Account(ACCOUNT, "aws", REGION, (REGION,)), REGION, None)


class Told(Asker):
    """Answers of one variant, and the calls that asked for them."""

    def __init__(self, table: Table, outline: Outline, variant: int) -> None:
        super().__init__(cast(Clients, _Names()))
        self.calls: dict[str, None] = {}
        self._answers: list[tuple[Each | Call, Any]] = []
        step = table.steps[-1]
        item = "/".join([label_of(table, step), *(name for name, _ in STEP.findall(step.items) if name)])
        details = [label_of(table, call) for call in table.details.values() if isinstance(call, Call)]
        values = Values(outline, variant, keys_of(table), {item, *details}, _kept(table))
        for call in calls_of(table):
            label = label_of(table, call)
            if label in {label_of(table, other) for other, _ in self._answers}:
                continue
            answer = values.of(answer_of(call.operation), label)
            said(call.operation, answer, variant)
            if isinstance(call, Each):
                _shorten(answer, call)
            self._answers.append((call, answer))
        for detail in table.details.values():
            if isinstance(detail, Call) and len(detail.only) > 1:
                self._allow(table, detail.only[0], detail.only[1:][variant % (len(detail.only) - 1)])

    def pages(self, operation: str, params: Mapping[str, Any], region: str) -> Iterator[Any]:
        """One page."""
        asked = ", ".join(f"{name}={params[name]}" for name in sorted(params))
        self.calls[f"{operation}({asked})"] = None
        yield self.of(operation, params)

    def of(self, operation: str, params: Mapping[str, Any]) -> Any:
        """The answer to the call that these parameters are of."""
        answers = [
            (len(call.params), answer)
            for call, answer in self._answers
            if call.operation == operation and call.params.items() <= params.items()
        ]
        return max(answers, key=lambda fit: fit[0])[1]

    def match(self, bulk: Bulk, item: Item) -> None:
        """Make the listing of a detail say something of the item."""
        step = bulk.steps[-1]
        if bulk.read is None:
            put(self.of(step.operation, step.params), f"{step.items}.{bulk.key}", find(item, bulk.of))

    def _allow(self, table: Table, path: str, value: str) -> None:
        """Make the item one that a detail is asked for."""
        step = table.steps[-1]
        answer = self.of(step.operation, step.params)
        if path.startswith("@"):
            name, _, path = path[1:].partition(".")
            detail = table.details[name]
            assert isinstance(detail, Call)
            answer = self.of(detail.operation, detail.params)
        elif step.items != "@":
            path = f"{step.items}.{path}"
        put(answer, path, value)


class _Names:
    def api_name(self, operation: str) -> str:
        return api_name(operation)

    def is_absent(self, *_: Any) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Made:
    """What the reader made in one variant: rows by table, the items that they come from, and the calls."""

    kept: Kept
    items: list[Item]
    calls: list[str]


def read_live(plan: TablePlan, outline: Outline, pool: ThreadPoolExecutor) -> list[Made]:
    """The rows of a plan and of what is derived from it, by variant."""
    return [_read(plan, Told(plan.table, outline, variant), pool) for variant in range(VARIANTS + SPARSE)]


def _read(plan: TablePlan, told: Told, pool: ThreadPoolExecutor) -> Made:
    kept, items = Kept(), listed(plan.table, told)
    for detail in plan.table.details.values():
        if isinstance(detail, Bulk):
            told.match(detail, items[0])
    reader = Reader(plan, SCOPE, told, cast(SnapshotWriter, kept), pool, Names([plan]))
    reader.take(items)
    reader.finish()
    return Made(kept, items, [*told.calls])


def listed(table: Table, told: Told) -> list[Item]:
    """The items that the steps of a table lead to: one."""
    items = [Item(None)]
    for number, step in enumerate(table.steps):
        items = [item for page in told.step(step, items, SCOPE, first=number == 0) for item in page]
    return items


def label_of(table: Table, call: Each | Call) -> str:
    """What the values of a call's answer are made of: its name, and what tells it from others of the table."""
    name = call.operation.partition(".")[2]
    if all(other.operation != call.operation or other.params == call.params for other in calls_of(table)):
        return name
    return " ".join([name, *(str(call.params[key]) for key in sorted(call.params))])


def keys_of(table: Table) -> dict[str, set[str]]:
    """The members that paths of a table lead through, by where they are: of maps, nobody else says them."""
    keys: dict[str, set[str]] = {}
    paths = [place.path for column in table.columns if (place := column.place("live")) is not None]
    for within in _places(table, paths):
        outer, _, name = within.rpartition("/")
        keys.setdefault(outer, set()).add(name)
    return keys


def _kept(table: Table) -> set[str]:
    """The members that a row must have to be asked for and named."""
    paths = [path for call in calls_of(table) for path in call.inputs.values()]
    paths += [detail.of for detail in table.details.values() if isinstance(detail, Bulk)]
    paths += [detail.only[0] for detail in table.details.values() if isinstance(detail, Call) and detail.only]
    columns = {column.name: place.path for column in table.columns if (place := column.place("live")) is not None}
    named = {"arn", "region", *named_in(columns.get("arn", ""))}
    return {*_places(table, [*paths, *(path for name, path in columns.items() if name in named)])}


def _places(table: Table, paths: Iterable[str]) -> Iterator[str]:
    """All that paths lead through, by where it is."""
    for path in paths:
        for call, rest in rooted(table, path):
            place = label_of(table, call)
            for name, _ in STEP.findall(rest) if rest != "@" else ():
                if name:
                    place = f"{place}/{name}"
                    yield place


def rooted(table: Table, path: str) -> Iterator[tuple[Each | Call, str]]:
    """The call whose answer a path leads into, and the path from that answer's top; nothing where none is."""
    if path.startswith("#"):
        return
    at = len(table.steps) - 1
    while path.startswith("^"):
        at, path = at - 1, path[1:].removeprefix(".")
    step, detail = table.steps[at], None
    if path.startswith("@") and path != "@":
        name, _, path = path[1:].partition(".")
        name = name.partition("[")[0]
        detail = table.details.get(name)
        if isinstance(detail, Call):
            yield detail, path or "@"
            return
        if detail is None or detail.read is not None:
            return
        step = detail.steps[-1]
    parts = [part for part in (step.items, path) if part not in ("@", "")]
    yield step, ".".join(parts) or "@"


def _shorten(answer: Any, step: Each) -> None:
    """One item is enough."""
    if step.until is not None:
        put(answer, *step.until)
    if step.failures:
        put(answer, step.failures, None)
    here = [answer]
    for name, _ in STEP.findall(step.items) if step.items != "@" else ():
        here = [value[name] for value in here] if name else [item for items in here for item in items]
        for value in here:
            if isinstance(value, list):
                del value[1:]
