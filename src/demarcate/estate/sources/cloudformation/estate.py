"""All templates of an estate together: which is nested in which, what refers to what, what exports what."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from demarcate.base.documents import DocumentError
from demarcate.base.limits import FREE_RESOURCES
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.budget import (
    CHARACTERS_OF_RESOURCE,
    MAX_ALL_RESOURCES,
    MAX_CHARACTERS,
    MAX_NESTING,
    MAX_PROBLEMS,
    MAX_STACKS,
    STEP,
    Budget,
    Exhausted,
    Share,
)
from demarcate.estate.sources.cloudformation.problems import TemplateProblem, kind_of, problem_of
from demarcate.estate.sources.cloudformation.reading import Raw, read_plain, read_template
from demarcate.estate.sources.cloudformation.stacks import Stack
from demarcate.estate.sources.cloudformation.suppositions import Suppositions, supposing
from demarcate.estate.sources.cloudformation.surroundings import Asking
from demarcate.estate.sources.cloudformation.values import Assigned, same

Called = Callable[[Mapping[str, Any]], str | None]
"""What a resource is called by its metadata; None where these do not say it."""


class TemplateSet:
    """The templates read, and the stacks that they make."""

    def __init__(
        self,
        folders: Iterable[Path],
        parameters: Mapping[str, Any],
        names: Mapping[str, str],
        same_as_ref: Mapping[str, Collection[str]],
        max_resources: int | None = None,
        texts: Mapping[str, str] = MappingProxyType({}),
        called: Called | None = None,
    ) -> None:
        self.folders = [os.path.realpath(folder) for folder in folders]
        self.parameters, self.names, self.same_as_ref = parameters, names, same_as_ref
        self.raws: dict[str, Raw] = {}
        self._texts, self._called = texts, called
        self._free = FREE_RESOURCES if max_resources is None else max_resources
        self.budget = Budget(resources=self._free)
        self.shares: dict[str, Share] = {}
        self.stacks: list[Stack] = []
        self.ids: Counter[str] = Counter()
        self.named = False
        self.suppositions = self.certain = Suppositions()
        self.problems: dict[TemplateProblem, None] = {}
        self._reported: Counter[str | None] = Counter()
        self._characters = self._resources = 0
        self._most_characters = max(MAX_CHARACTERS, 2 * CHARACTERS_OF_RESOURCE * (max_resources or 0))
        self._included: dict[str, Any] = {}
        self._exports: dict[str, list[tuple[Stack, str]]] | None = None
        self._exporting: set[str] = set()
        self._unreadable: set[str] = set()

    def report(self, problem: TemplateProblem) -> None:
        """Note a Problem, once; of one file MAX_PROBLEMS, and that there are more."""
        if problem in self.problems or self._reported[problem.file] > MAX_PROBLEMS:
            return
        if self._reported[problem.file] == MAX_PROBLEMS:
            problem = TemplateProblem("has more problems than are listed", problem.file, kind=Kind.TOO_MUCH)
        self._reported[problem.file] += 1
        self.problems[problem] = None

    def share(self, raw: Raw) -> Share:
        """What a template may still cost, all instances of it together."""
        if raw.file not in self.shares:
            self.shares[raw.file] = self.budget.share(raw.file, raw.size, len(raw.sections["Resources"]))
        return self.shares[raw.file]

    def _count(self, characters: int) -> None:
        """Count what is about to be read, whatever it turns out to be."""
        self._characters += characters

    @property
    def _most_resources(self) -> int:
        """How many resources are read of what was read so far."""
        accounted = self._free + self._characters // CHARACTERS_OF_RESOURCE
        return min(MAX_ALL_RESOURCES, accounted) if self._free <= FREE_RESOURCES else accounted

    def read(self, path: Path, file: str, *, explicit: bool) -> Raw | None:
        """Read a template, once. None where it is none, or is a Problem."""
        real = os.path.realpath(path)
        if real in self.raws or real in self._unreadable:
            return self.raws.get(real)
        if self._characters > self._most_characters:
            self._unreadable.add(real)
            self.report(
                TemplateProblem(
                    f"is left out, as the templates before it hold {self._characters:,} characters, and at most "
                    f"{self._most_characters:,} are read at once; give fewer, or set max-resources",
                    file,
                    kind=Kind.TOO_MUCH,
                )
            )
            return None
        try:
            raw = read_template(path, file, explicit=explicit, count=self._count, instead=self._texts.get(real))
        except DocumentError as error:
            self._unreadable.add(real)
            self.report(problem_of(error))
            return None
        if raw is not None:
            self.raws[real] = raw
            for problem in raw.problems:
                self.report(problem)
        return raw

    # Nested stacks

    def local(self, raw: Raw, url: Any) -> tuple[Path, str] | Unknown:
        """The file that a template means by a path beside it; Unknown for one that is not on this machine.

        Only files inside the folders that were given are read, so that a template cannot have others shown.
        """
        if isinstance(url, Unknown):
            return url
        if not isinstance(url, str) or not url or "\0" in url:
            return Unknown(Kind.MALFORMED, "it is not the path of a file")
        if url.startswith("file://"):
            url = url.removeprefix("file://")
        if "://" in url or isinstance(url, Assigned):
            return Unknown(Kind.NOT_GIVEN, f"{url} is not on this machine")
        for folder in (str(raw.path.parent), *self.folders):
            path = os.path.normpath(os.path.join(folder, url))  # noqa: PTH118 - an absolute url stands alone
            if os.path.isfile(path):  # noqa: PTH113
                real = os.path.realpath(path)
                if any(real.startswith(os.path.join(top, "")) for top in self.folders):  # noqa: PTH118
                    return Path(path), path
                return Unknown(
                    Kind.NOT_GIVEN, f"{url} is outside the folders given; give the folder that holds both"
                )
        return Unknown(Kind.NOT_GIVEN, f"{url} does not exist")

    def build(self) -> None:
        """Make the stacks: roots, then what is nested in them; then give everything its name."""
        nested_in: dict[str, set[str]] = {}
        for real, raw in list(self.raws.items()):
            scout = Stack(self, raw)
            for url in scout.written_urls():
                path = self.local(raw, url)
                if not isinstance(path, Unknown):
                    nested_in.setdefault(os.path.realpath(path[0]), set()).add(real)
        reached: set[str] = set()
        roots = [real for real in self.raws if not nested_in.get(real, set())]
        # Templates that only nest one another have no root among them: the first is taken for one.
        for real in [*roots, *list(self.raws)]:
            if real not in reached:
                self._add(Stack(self, self.raws[real]), reached)
        self._name()

    def _add(self, stack: Stack, reached: set[str]) -> None:
        self.stacks.append(stack)
        reached.add(os.path.realpath(stack.raw.path))
        try:
            stack.prepare()
            if stack.raw.serverless:
                # Imported here, as it takes half a second and few templates need it.
                from demarcate.estate.sources.cloudformation.sam import translate

                translate(stack)
        except Exhausted as error:
            stack.exhausted(error)
        self._resources += len(stack.resources)
        most = self._most_resources
        if self._resources > most:
            why = f"is left out, as there are more than {most:,} resources, as many as the templates' size accounts for"
            stack.problem(Kind.TOO_MUCH, f"{why}; give fewer, or set max-resources", None)
            self._resources -= len(stack.resources)
            stack.resources.clear()
        for logical_id, body in stack.nested():
            line = stack.places[logical_id].line
            url = stack.template_url(body)
            path = self.local(stack.raw, url)
            if not isinstance(path, Unknown):
                reached.add(os.path.realpath(path[0]))
            if stack.presence(logical_id) is False:
                continue
            if isinstance(path, Unknown):
                why = f"the template of stack {logical_id} cannot be read: {path.reason}"
                stack.problem(path.kind, why, line)
                continue
            raw = self.read(*path, explicit=True)
            if raw is None:
                continue
            if any(raw is above.raw for above in _above(stack)):
                why = f"stack {logical_id} nests {path[1]} in itself; it is not followed"
                stack.problem(Kind.UNRESOLVED, why, line)
            elif len(stack.path) >= MAX_NESTING:
                why = f"stack {logical_id} is left out: it is nested more than {MAX_NESTING} deep"
                stack.problem(Kind.TOO_MUCH, why, line)
            elif len(self.stacks) >= MAX_STACKS:
                why = f"stack {logical_id} is left out: there are more than {MAX_STACKS:,} stacks"
                stack.problem(Kind.TOO_MUCH, why, line)
            else:
                child = stack.children[logical_id] = Stack(self, raw, stack, logical_id)
                self._add(child, reached)

    def _name(self) -> None:
        """Decide what tells the resources of one stack from those of another."""
        for stack in self.stacks:
            self.ids.update(list(stack.resources))
        self._call()
        labels = _labels([stack.raw for stack in self.stacks if stack.parent is None])
        uses = Counter(id(stack.raw) for stack in self.stacks)
        paths = Counter((id(stack.raw), stack.path) for stack in self.stacks)
        taken: set[str] = set()
        several = sum(stack.raw.names_stack for stack in self.stacks) > 1
        for stack in self.stacks:
            label = labels[id(stack.root.raw)]
            path = "/".join(stack.path)
            name = path or label
            if name in taken:
                name = f"{label}/{path}"
            taken.add(name)
            stack.qualifier = name + "/"
            if several and (stack.raw.names_stack or stack.parent):
                stack.token = name + "/"
            if stack.parent and uses[id(stack.raw)] > 1:
                once = paths[(id(stack.raw), stack.path)] == 1
                stack.prefix = (path if once else f"{label}/{path}") + "/"
            stack.edges.clear()
        self.suppositions = self.certain = Suppositions()  # what was answered before resources had names
        self.named = True

    def _call(self) -> None:
        """Call resources what their metadata calls them, where that is the name of no other."""
        if self._called is None:
            return
        told = [
            (stack, name, called)
            for stack in self.stacks
            for name, body in stack.resources.items()
            if isinstance(metadata := body.get("Metadata"), dict) and (called := self._called(metadata))
        ]
        uses = Counter(called for *_, called in told)
        for stack, name, called in told:
            if uses[called] == 1 and called not in self.ids:
                stack.labels[name] = called

    # What stacks ask of one another

    def exported(self, name: str, asking: Asking) -> Any:
        """The value that a stack exports under a name, where exactly one value is."""
        if self._exports is None:
            self._exports = {}
            exports: dict[str, list[tuple[Stack, str]]] = {}
            for stack in self.stacks:
                with supposing(stack, self.certain):
                    names = list(stack.exports())
                for exported, output in names:
                    exports.setdefault(exported, []).append((stack, output))
            self._exports = exports
        exporting = self._exports.get(name, ())
        question = (self, "export", name)
        if self.suppositions.knows(question):
            asking.spend(STEP)
            return self.suppositions.known(question)
        asking.spend(STEP * len(exporting))
        if name in self._exporting:  # it leads back to itself: what comes of it is known once that is told
            return _same_for_all(name, exporting)
        self._exporting.add(name)
        try:
            return self.suppositions.answer(question, lambda: _same_for_all(name, exporting))
        finally:
            self._exporting.discard(name)

    def included(self, raw: Raw, location: Any) -> Any:
        """The content of a file that a template includes, not resolved; Unknown where it cannot be read."""
        place = self.local(raw, location)
        if isinstance(place, Unknown):
            return Unknown(place.kind, f"the included file cannot be read: {place.reason}")
        path, file = place
        if file not in self._included:
            if self._characters > self._most_characters:
                return Unknown(Kind.TOO_MUCH, f"the included file {file} is left out: too much is read before it")
            try:
                self._included[file] = read_plain(path, file, count=self._count)
            except DocumentError as error:
                self.report(problem_of(error))
                self._included[file] = Unknown(kind_of(error), f"the included file {file} cannot be read")
        return self._included[file]


def _same_for_all(name: str, exporting: Sequence[tuple[Stack, str]]) -> Any:
    """The value of outputs that are exported under a name, where it is the same for all."""
    values = [stack.output(output) for stack, output in exporting]
    if not values:
        return Unknown(Kind.NOT_GIVEN, f"import of {name}: no template here exports it")
    if any(same(values[0], value) is not True for value in values[1:]):
        return Unknown(Kind.AMBIGUOUS, f"import of {name}: more than one template here exports it")
    return values[0]


def _above(stack: Stack | None) -> Iterable[Stack]:
    while stack is not None:
        yield stack
        stack = stack.parent


def _labels(raws: Sequence[Raw]) -> dict[int, str]:
    """A short name for each root template: its file's stem, or as much of its path as tells it from others."""
    labels: dict[int, str] = {}
    for depth in range(1, 50):
        left = [raw for raw in raws if id(raw) not in labels]
        names = {id(raw): "/".join(raw.path.with_suffix("").parts[-depth:]) for raw in left}
        counts = Counter(names.values())
        labels |= {key: name for key, name in names.items() if counts[name] == 1}
    return {id(raw): labels.get(id(raw), raw.file) for raw in raws}


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of names that need one another in a circle (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    loops: list[list[str]] = []
    for start in edges:
        if start in order:
            continue
        work = [(start, iter(sorted(edges[start])))]
        order[start] = low[start] = len(order)
        path.append(start)
        on_path.add(start)
        while work:
            name, needs = work[-1]
            for need in needs:
                if need not in order:
                    order[need] = low[need] = len(order)
                    path.append(need)
                    on_path.add(need)
                    work.append((need, iter(sorted(edges.get(need, ())))))
                    break
                if need in on_path:
                    low[name] = min(low[name], order[need])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == order[name]:
                    group = path[path.index(name) :]
                    del path[path.index(name) :]
                    on_path.difference_update(group)
                    if len(group) > 1 or name in edges.get(name, ()):
                        loops.append(group)
    return loops
