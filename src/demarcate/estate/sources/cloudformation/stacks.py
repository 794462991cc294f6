"""Template instances: each file as a stack of its own, or nested in another, with what its names stand for.

A stack answers what the intrinsic functions ask: parameters, references, attributes, conditions, exports. It
answers lazily, each question once; a question that leads back to itself is a circular reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation import foreach
from demarcate.estate.sources.cloudformation.budget import (
    MAX_NAME,
    MAX_RESOURCES,
    SLOW,
    TOO_MUCH,
    VALUE,
    Exhausted,
    too_much,
)
from demarcate.estate.sources.cloudformation.intrinsics import decide, resolve
from demarcate.estate.sources.cloudformation.parameters import is_secret, typed
from demarcate.estate.sources.cloudformation.problems import TemplateProblem
from demarcate.estate.sources.cloudformation.reading import LOOP, Position, Raw
from demarcate.estate.sources.cloudformation.suppositions import Suppositions, supposing
from demarcate.estate.sources.cloudformation.surroundings import Surroundings
from demarcate.estate.sources.cloudformation.values import NOTHING, Assigned, Identifier, text_of, tokens

STACK = "AWS::CloudFormation::Stack"
_NESTING = (STACK, "AWS::Serverless::Application")

_TOKENS = ("AccountId", "Partition", "Region", "StackId", "StackName", "URLSuffix")


class Stack:
    """One instance of a template. A Resolver for the intrinsic functions."""

    def __init__(self, around: Surroundings, raw: Raw, parent: Stack | None = None, logical_id: str = "") -> None:
        self.around, self.raw, self.parent = around, raw, parent
        self.share = around.share(raw)
        self.spend = self.share.spend
        self.path: tuple[str, ...] = (*parent.path, logical_id) if parent else ()
        self.children: dict[str, Stack] = {}
        self.qualifier = ""  # before a ref that another stack has too
        self.labels: dict[str, str] = {}  # what its resources are called, where that is not their logical id
        self.prefix = ""  # before the logical ids of a template that is used more than once
        self.token = ""  # inside AWS::StackName where several stacks use theirs
        self.resources: dict[str, dict[str, Any]] = {}
        self.conditions: dict[str, Any] = raw.sections["Conditions"]
        self.outputs: dict[str, Any] = raw.sections["Outputs"]
        self.places: dict[str, Position] = {}
        self.current: str | None = None  # the resource that is being resolved
        self.edges: dict[str, set[str]] = {}  # which resources a resource needs
        self._deciding = 0
        self._key = object()  # what tells its questions from those of others
        self.macro: Unknown | None = None  # why all that is written may turn out to be something else
        self._asking: set[tuple[str, str]] = set()

    @property
    def suppositions(self) -> Suppositions:
        """What is supposed for the moment, of all stacks."""
        return self.around.suppositions

    @property
    def root(self) -> Stack:
        """The stack that this one is nested in, at the end."""
        return self.parent.root if self.parent else self

    def problem(self, kind: Kind, message: str, line: int | None) -> None:
        """Report something wrong with this template."""
        self.around.report(TemplateProblem(message, self.raw.file, line, kind=kind))

    def exhausted(self, error: Exhausted) -> Unknown:
        """Report that a template asks for too much, this one or another that it asked: what was asked is unknown."""
        self.around.report(too_much(error))
        return Unknown(Kind.TOO_MUCH, TOO_MUCH)

    # Preparing: loops, before anything has a name

    def prepare(self) -> None:
        """Unroll loops, and leave out what is no resource."""
        raw = self.raw
        resources = self.resources
        for name, place, body in self._entries("Resources"):
            if not self._is_resource(name, place, body):
                continue
            if len(resources) == MAX_RESOURCES:
                self.problem(
                    Kind.TOO_MUCH,
                    f"has more than {MAX_RESOURCES:,} resources; {name} and those after it are left out",
                    place.line,
                )
                break
            self.share.spend_resource()
            resources[name], self.places[name] = body, place
        if raw.loops:
            self.conditions = {name: body for name, _, body in self._entries("Conditions")}
            self.outputs = {name: body for name, _, body in self._entries("Outputs")}
        self._check_transforms()

    def _entries(self, section: str) -> Iterator[tuple[str, Position, Any]]:
        places = self.raw.places
        entries = self.raw.sections[section]
        if section == "Resources" and "Fn::Transform" in entries:
            entries = self._with_included(entries)
        nowhere = places.get((section,), Position(1, {}))
        if not self.raw.loops:
            for name, body in entries.items():
                yield name, places.get((section, name), nowhere), body
            return
        seen: set[str] = set()
        for entry in foreach.entries(entries, self):
            if isinstance(entry, foreach.LoopError):
                self.problem(entry.kind, str(entry), places.get((section, *entry.keys), nowhere).line)
                continue
            keys, name, body = entry
            place = places.get((section, *keys), nowhere)
            if name in seen:
                self.problem(
                    Kind.AMBIGUOUS,
                    f"{section} has {name!r} twice once its loops are unrolled; the second is left out",
                    place.line,
                )
                continue
            seen.add(name)
            yield name, place, body

    def _with_included(self, entries: dict[str, Any]) -> dict[str, Any]:
        """Resources with those of an included file among them."""
        own = {name: body for name, body in entries.items() if name != "Fn::Transform"}
        added = self.include(entries["Fn::Transform"])
        if isinstance(added, dict):
            return {**added, **own}
        if not isinstance(added, Unknown):
            added = Unknown(Kind.MALFORMED, "it is not a mapping")
        if added.kind is Kind.MACRO:
            self.macro = added
        self.problem(
            added.kind,
            f"resources cannot be included: {added.reason}",
            self.raw.line("Resources", "Fn::Transform"),
        )
        return own

    def _is_resource(self, name: str, place: Position, body: Any) -> bool:
        wrong = None
        if len(name) > MAX_NAME:
            wrong = f"has a name of {len(name):,} characters, of which CloudFormation takes {MAX_NAME}"
            name = name[:40] + "…"
        elif not isinstance(body, dict):
            wrong = "is not a mapping"
        elif "Type" not in body:
            wrong = "has no Type"
        elif not isinstance(body["Type"], str):
            wrong = "has a Type that is not a text"
        elif body.get("Properties") is not None and not isinstance(body["Properties"], dict):
            wrong = "has Properties that are not a mapping"
        if wrong:
            self.problem(Kind.MALFORMED, f"resource {name} {wrong}; it is left out", place.line)
        return wrong is None

    def _check_transforms(self) -> None:
        for transform in self.raw.transforms:
            name = transform.get("Name") if isinstance(transform, dict) else transform
            if not isinstance(name, str):
                self.problem(
                    Kind.MALFORMED,
                    "Transform names a macro that is not a text; read as if it were not there",
                    self.raw.line("Transform"),
                )
            elif not name.startswith("AWS::") or isinstance(transform, dict):
                self.macro = Unknown(Kind.MACRO, f"what the macro {name} makes of it is only known at deployment")
                self.problem(
                    Kind.MACRO,
                    f"the macro {name} cannot be run here: what it makes of the resources is unknown",
                    self.raw.line("Transform"),
                )

    def nested(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The nested stacks of the prepared template: logical id and resource."""
        for name, body in self.resources.items():
            if body["Type"] == STACK:
                yield name, body

    def written_urls(self) -> Iterator[Any]:
        """Where the templates of its nested stacks are, before the template is prepared."""
        for body in _nesting(self.raw.sections["Resources"]):
            yield self.template_url(body)

    def template_url(self, body: dict[str, Any]) -> Any:
        """Where the template of a nested stack is: text or Unknown."""
        properties = body.get("Properties")
        properties = properties if isinstance(properties, dict) else {}
        metadata = body.get("Metadata")
        # The CDK notes the local file beside the address it will be uploaded to.
        if isinstance(metadata, dict) and metadata.get("aws:asset:property") == "TemplateURL":
            return metadata.get("aws:asset:path")
        try:
            return resolve(properties.get("TemplateURL", properties.get("Location")), self)
        except Exhausted as error:
            return self.exhausted(error)

    # Naming

    def _once(self, kind: str, name: str, answer: Callable[[], Any]) -> Any:
        """Answer a question once. One that leads back to itself is a Problem, and Unknown."""
        key, question = (kind, name), (self._key, kind, name)
        if self.suppositions.knows(question):
            return self.suppositions.known(question)
        if key in self._asking:
            self.problem(
                Kind.UNRESOLVED,
                f"{kind} {name} refers to itself, directly or through others",
                self._line(kind, name),
            )
            return Unknown(Kind.UNRESOLVED, f"{kind} {name} refers to itself")
        self._asking.add(key)
        current, self.current = self.current, None
        try:
            return self.suppositions.answer(question, answer)
        except RecursionError:
            return Unknown(Kind.TOO_MUCH, f"{kind} {name} refers to others too deeply")
        except Exhausted as error:
            return self.exhausted(error)
        finally:
            self._asking.discard(key)
            self.current = current

    def _line(self, kind: str, name: str) -> int | None:
        sections = {"condition": "Conditions", "output": "Outputs", "parameter": "Parameters"}
        if kind in sections:
            return self.raw.line(sections[kind], name)
        place = self.places.get(name.partition(".")[0])
        return place.line if place else None

    # What the intrinsic functions ask

    def reference(self, name: str) -> Any:
        """What `Ref` to a name gives."""
        if name in self.raw.sections["Parameters"]:
            declaration = self.raw.sections["Parameters"][name]
            question = (self._key, "parameter", name)
            return self._secret(name) or self.suppositions.parameter(
                question, declaration, lambda: self._once("parameter", name, lambda: self._parameter(name))
            )
        if name in self.resources:
            self._needs(name)
            return self._absent(name) or self.identity(name)
        if name.startswith("AWS::"):
            return self._pseudo(name)
        return Unknown(Kind.UNRESOLVED, f"{name} is neither a parameter nor a resource of this template")

    def _secret(self, name: str) -> Unknown | None:
        """Why the value given for a parameter must not be kept: only conditions may look at a secret.

        A secret written into the template as a default is none, and is kept for checks to find.
        """
        declaration = self.raw.sections["Parameters"][name]
        if self._deciding or not isinstance(declaration, dict) or not is_secret(declaration):
            return None
        given = self._passed().get(name) if self.parent else self.around.parameters.get(name)
        return (
            None
            if given is None
            else Unknown(Kind.SECRET, f"parameter {name} is secret (NoEcho): its value is not kept")
        )

    def _parameter(self, name: str) -> Any:
        declaration = self.raw.sections["Parameters"][name]
        given = self._passed().get(name) if self.parent else self.around.parameters.get(name)
        if self.parent and given is None:
            # Without a default the deployment would ask; what was given for all templates may answer.
            default = isinstance(declaration, dict) and "Default" in declaration
            given = None if default else self.around.parameters.get(name)
        elif self.parent:
            given = resolve(given, self.parent)
        value = typed(name, declaration, None if given is NOTHING else given)
        if isinstance(value, list):
            self.spend(VALUE * len(value))
        return value

    def _passed(self) -> dict[str, Any]:
        """The parameters that the parent passes, not resolved yet."""
        if self.parent is None:
            return {}
        properties = self.parent.resources[self.path[-1]].get("Properties")
        passed = properties.get("Parameters") if isinstance(properties, dict) else None
        if isinstance(passed, dict) and len(passed) == 1 and next(iter(passed)).startswith("Fn::"):
            parent, written = self.parent, passed
            passed = self._once("parameters", self.path[-1], lambda: resolve(written, parent))
        return passed if isinstance(passed, dict) else {}

    def _pseudo(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        kind = name.removeprefix("AWS::")
        stack = kind in ("StackId", "StackName")
        given = self.around.parameters.get(name)
        if given is not None and not (stack and self.parent):
            return given if isinstance(given, (list, Unknown)) else text_of(given)
        if kind in _TOKENS:
            return tokens("${" + (self.token if stack else "") + name + "}")
        if kind == "NotificationARNs":
            return Assigned("${AWS::NotificationARNs}", "${AWS::NotificationARNs}")
        return Unknown(Kind.UNRESOLVED, f"{name} is not a pseudo parameter")

    def identity(self, name: str) -> Any:
        """What `Ref` to a resource gives: its declared name, or a text that stands for it."""
        if not self.around.named:
            return Unknown(Kind.DEPLOYMENT, f"the identifier of {name} is only known at deployment")
        if ("identity", name) in self._asking:  # a name made of itself: the cycle itself is reported elsewhere
            return self._identifier(name)
        # What others call it is the same in each alternative, and hangs on nothing.
        with supposing(self, self.around.certain), self.suppositions.asking():
            return self._once("identity", name, lambda: self._declared_name(name) or self._identifier(name))

    def _identifier(self, name: str) -> Identifier:
        label = self.label(name)
        return Identifier(label, f"${{{label}}}")

    def label(self, name: str) -> str:
        """What stand-ins call a resource: as it is called, or its logical id with what tells it from other stacks'."""
        return self.labels.get(name) or (self.qualifier + name if self.around.ids[name] > 1 else name)

    def _declared_name(self, name: str) -> str | None:
        body = self.resources[name]
        key = self.around.names.get(body["Type"])
        properties = body.get("Properties")
        if key is None or not isinstance(properties, dict) or key not in properties:
            return None
        value = self.undecided(properties[key])
        return None if isinstance(value, bool) else text_of(value)

    def attribute(self, logical_id: str, attribute: str) -> Any:
        """What `Fn::GetAtt` of a resource gives."""
        body = self.resources.get(logical_id)
        if body is None:
            return Unknown(Kind.UNRESOLVED, f"{logical_id} is not a resource of this template")
        self._needs(logical_id)
        absent = self._absent(logical_id)
        if absent:
            return absent
        kind = body["Type"]
        if kind == STACK and attribute.startswith("Outputs."):
            return self._output_of(logical_id, attribute.removeprefix("Outputs."))
        if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
            return Unknown(
                Kind.DEPLOYMENT, f"{attribute} of {logical_id} is made by a custom resource at deployment"
            )
        properties = body.get("Properties")
        declared = properties.get(attribute) if isinstance(properties, dict) else None
        # An attribute that can be declared is what is declared. One that is made of itself is left as text
        # here: the circle is reported once all resources are resolved.
        question = ("attribute", f"{logical_id}.{attribute}")
        if declared is not None and question not in self._asking:
            value = self._once(*question, lambda: resolve(declared, self))
            if text_of(value) is not None:
                return value
        identity = self.identity(logical_id)
        if isinstance(identity, Unknown):
            return identity
        if attribute in self.around.same_as_ref.get(kind, ()):
            return Identifier(identity, f"${{{self.label(logical_id)}}}")
        text, written = f"{identity}.{attribute}", f"${{{self.label(logical_id)}.{attribute}}}"
        return Identifier(text, written) if attribute == "Arn" else Assigned(text, written)

    def _output_of(self, logical_id: str, name: str) -> Any:
        child = self.children.get(logical_id)
        if child is None:
            return Unknown(
                Kind.NOT_GIVEN, f"output {name} of stack {logical_id} is unknown: its template is not here"
            )
        return child.output(name)

    def output(self, name: str) -> Any:
        """The value of an output of this stack."""
        output = self.outputs.get(name)
        if not isinstance(output, dict) or "Value" not in output:
            return Unknown(Kind.UNRESOLVED, f"{self.raw.file} has no output {name}")
        return self._once("output", name, lambda: self._output(name, output))

    def _output(self, name: str, output: dict[str, Any]) -> Any:
        if "Condition" in output:
            holds = self._holds(output["Condition"])
            if holds is False:
                return Unknown(Kind.UNRESOLVED, f"output {name} is left out: its condition is false")
            if isinstance(holds, Unknown):
                return holds
        value = resolve(output["Value"], self)
        if value is NOTHING:
            return Unknown(Kind.UNRESOLVED, f"output {name} has no value")
        if isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
        ):
            return Unknown(Kind.MALFORMED, f"output {name} is not a text")
        return value

    def exports(self) -> Iterator[tuple[str, str]]:
        """The exports of this stack whose names are known: exported name and output."""
        for name, output in self.outputs.items():
            export = output.get("Export") if isinstance(output, dict) else None
            if isinstance(export, dict) and "Name" in export:
                try:
                    exported = resolve(export["Name"], self)
                except Exhausted as error:
                    exported = self.exhausted(error)
                if isinstance(exported, str):
                    yield exported, name

    def imported(self, name: str) -> Any:
        """What another stack exports under a name."""
        return self.around.exported(name, self)

    def condition(self, name: str) -> bool | Unknown:
        """Whether a condition of this template holds."""
        if name not in self.conditions:
            return Unknown(Kind.UNRESOLVED, f"condition {name} is not defined")
        self._deciding += 1
        try:
            verdict = self.suppositions.condition(
                (self._key, "condition", name),
                lambda: self._once("condition", name, lambda: decide(self.conditions[name], self)),
            )
        finally:
            self._deciding -= 1
        return verdict

    def _holds(self, name: Any) -> bool | Unknown:
        return (
            self.condition(name)
            if isinstance(name, str)
            else Unknown(Kind.MALFORMED, "its Condition is not the name of one")
        )

    def presence(self, name: str) -> bool | Unknown:
        """Whether a resource is there at all, by its own condition."""
        body = self.resources[name]
        return self._holds(body["Condition"]) if "Condition" in body else True

    def _absent(self, name: str) -> Unknown | None:
        with self.suppositions.asking():  # what refers to it does not hang on that
            present = self.presence(name)
        if present is False:
            return Unknown(Kind.UNRESOLVED, f"{name} is left out: its condition is false")
        return None

    def mapping(self, name: str) -> Any:
        """A map of this template."""
        return self.raw.sections["Mappings"].get(name)

    def include(self, transform: Any) -> Any:
        """What an AWS::Include gives, resolved only where it must be."""
        parameters = transform.get("Parameters") if isinstance(transform, dict) else None
        if not isinstance(parameters, dict) or transform.get("Name") != "AWS::Include":
            return Unknown(Kind.MACRO, "what a macro makes is only known at deployment")
        location = resolve(parameters.get("Location"), self)
        if isinstance(location, Unknown):
            return location
        return self.around.included(self.raw, location)

    def included(self, location: str) -> Any:
        """The resolved content of an included file."""
        self.spend(SLOW)
        content = self.around.included(self.raw, location)
        if isinstance(content, Unknown):
            return content
        if ("include", location) in self._asking:
            return Unknown(Kind.UNRESOLVED, f"{location} includes itself")
        self._asking.add(("include", location))
        try:
            return resolve(content, self)
        finally:
            self._asking.discard(("include", location))

    def undecided(self, branch: Any) -> Any:
        """Resolve something without counting what it refers to as needed."""
        current, self.current = self.current, None
        try:
            return resolve(branch, self)
        finally:
            self.current = current

    def _needs(self, name: str) -> None:
        if self.current is not None:
            self.edges.setdefault(self.current, set()).add(name)


def _nesting(entries: Any) -> Iterator[dict[str, Any]]:
    """The nested stacks among resources as written, those in loops too."""
    for key, body in entries.items():
        if key.startswith(LOOP):
            if isinstance(body, list) and body and isinstance(body[-1], dict):
                yield from _nesting(body[-1])
        elif isinstance(body, dict) and body.get("Type") in _NESTING:
            yield body
