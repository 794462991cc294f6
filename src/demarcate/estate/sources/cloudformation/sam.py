"""The SAM transform: AWS's own translator, run here without AWS.

The translator wants S3 addresses for code and a region; both are given as stand-ins, and what came of a
stand-in is Unknown afterwards. Nothing is read from the environment and nothing goes over the network.
"""

from __future__ import annotations

import copy
import logging
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.budget import MAX_NAME, SAM, SAM_EVENT, Exhausted
from demarcate.estate.sources.cloudformation.reading import Position
from demarcate.estate.sources.cloudformation.values import Assigned, text_of, tokens, weight

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.stacks import Stack

PREFIX = "AWS::Serverless::"

_BUCKET = "demarcate-stands-in-for-local-code"
_STAND_IN = f"s3://{_BUCKET}/code"
_IMAGE = f"{_BUCKET}/image"
_REGION = "us-east-1"

_CODE = {
    "Function": "CodeUri",
    "LayerVersion": "ContentUri",
    "Api": "DefinitionUri",
    "HttpApi": "DefinitionUri",
    "WebSocketApi": "DefinitionUri",
    "StateMachine": "DefinitionUri",
    "GraphQLApi": "SchemaUri",
}


def translate(stack: Stack) -> None:
    """Replace a prepared stack's SAM resources by the resources that SAM makes of them.

    What SAM refuses is a Problem at the resource, of which nothing is known then; the others are translated, and what
    is not SAM stays. Where that would be too much, SAM's resources are left out, and Exhausted is raised.
    """
    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
    _unfold_applications(stack)
    sources = {name for name, body in stack.resources.items() if body["Type"].startswith(PREFIX)}
    refused: set[str] = set()
    try:
        while sources - refused:
            _spend(stack, sources - refused)
            result = _attempt(stack, refused)
            if isinstance(result, dict):
                unknown = _unknown(stack, refused)
                _take(stack, result, sources)
                stack.resources |= unknown
                return
            if not result - refused:
                break
            refused |= result
    except Exhausted:
        stack.resources = {name: body for name, body in stack.resources.items() if name not in sources}
        raise
    unknown = _unknown(stack, sources)
    stack.resources = {name: body for name, body in stack.resources.items() if name not in sources} | unknown


_MADE: Mapping[str, Mapping[str, str]] = {
    "Api": {"": "AWS::ApiGateway::RestApi"},
    "Function": {"": "AWS::Lambda::Function", "Role": "AWS::IAM::Role"},
    "HttpApi": {"": "AWS::ApiGatewayV2::Api"},
    "LayerVersion": {"": "AWS::Lambda::LayerVersion"},
    "SimpleTable": {"": "AWS::DynamoDB::Table"},
    "StateMachine": {"": "AWS::StepFunctions::StateMachine", "Role": "AWS::IAM::Role"},
}
"""What SAM makes of its resources in any case: the types, by what their names end in after that of the resource."""


def _unknown(stack: Stack, refused: set[str]) -> dict[str, dict[str, Any]]:
    """The resources that those which SAM refuses would be, with nothing known of them."""
    unknown = {}
    for name in sorted(refused):
        body = stack.resources[name]
        properties = body.get("Properties")
        for end, type_ in _MADE.get(body["Type"].removeprefix(PREFIX), {}).items():
            if (
                end and isinstance(properties, dict) and end in properties
            ) or name + end in stack.resources.keys() - {name}:
                continue
            kept = {key: item for key, item in body.items() if key == "Condition"}
            why = Unknown(Kind.MACRO, f"SAM refuses {name}, of which it would be made")
            unknown[name + end] = {"Type": type_, **kept, "Properties": why}
            stack.places[name + end] = stack.places[name]
    return unknown


def _spend(stack: Stack, names: set[str]) -> None:
    """Count a translation: each resource, what Globals holds for each, and events. Raises Exhausted."""
    bodies = [stack.resources[name] for name in names]
    kinds = Counter(body["Type"].removeprefix(PREFIX) for body in bodies)
    shared = {kind: weight(given) for kind, given in (stack.raw.globals or {}).items()}
    stack.spend(sum((SAM + shared.get(kind, 0)) * count for kind, count in kinds.items()))
    events = [(body.get("Properties") or {}).get("Events") for body in bodies]
    of_apis = sum(_is_of_api(event) for given in events if isinstance(given, dict) for event in given.values())
    stack.spend(SAM_EVENT * of_apis**2)


def _is_of_api(event: Any) -> bool:
    return isinstance(event, dict) and event.get("Type") in ("Api", "HttpApi")


def _unfold_applications(stack: Stack) -> None:
    """Nested applications as the stacks that they are: the translator would ask AWS's repository for some."""
    for name, body in stack.resources.items():
        if body["Type"] != PREFIX + "Application":
            continue
        given = body.get("Properties") or {}
        properties = {key: value for key, value in given.items() if key != "Location"}
        location = given.get("Location")
        if isinstance(location, dict) and "ApplicationId" in location:
            location = Unknown(
                Kind.NOT_GIVEN, "the template of this application is in the AWS Serverless Application Repository"
            )
        if location is not None:
            properties["TemplateURL"] = location
        stack.resources[name] = {**body, "Type": "AWS::CloudFormation::Stack", "Properties": properties}


def _attempt(stack: Stack, refused: set[str]) -> dict[str, Any] | set[str]:
    """Translate all but what was refused: the translated template, or the resources to be left out."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.arn_generator import ArnGenerator

    template = _template(stack, refused)
    before = ArnGenerator.BOTO_SESSION_REGION_NAME
    try:
        translator = _translator()({}, Parser(), boto_session=SimpleNamespace(region_name=_region(stack)))
        result: dict[str, Any] = translator.translate(template, _parameters(stack))
        return result
    except InvalidDocumentException as error:
        return _refused(stack, template, error)
    except Exception as error:  # the translator raises whatever a strange template makes it stumble over
        at = stack.raw.line("Transform")
        stack.problem(
            Kind.MACRO,
            f"the SAM transform fails here ({type(error).__name__}: {error}); SAM resources are left out",
            at,
        )
        return {name for name in template["Resources"] if _is_sam(template["Resources"][name])}
    finally:
        ArnGenerator.BOTO_SESSION_REGION_NAME = before


@cache
def _translator() -> Any:
    """SAM's translator, which would else hold its own policy templates to their schema for each template anew: half of
    what a translation takes.
    """
    from samtranslator.translator import translator

    make = "make_policy_template_for_function_plugin"
    setattr(translator, make, cache(getattr(translator, make)))
    return translator.Translator


def _is_sam(body: Any) -> bool:
    return isinstance(body, dict) and str(body.get("Type")).startswith(PREFIX)


def _refused(stack: Stack, template: dict[str, Any], error: Any) -> set[str]:
    """Report what SAM refuses, each at its resource."""
    sam = {name for name, body in template["Resources"].items() if _is_sam(body)}
    refused: set[str] = set()
    for cause in error.causes:
        named = set(re.findall(r"\[([^\[\]]+)\]", cause.message))
        names = named & sam or {source for name in named if (source := _source(name, sam))}
        place = stack.places.get(min(names)) if names else None
        at = place.line if place else stack.raw.line("Transform")
        stack.problem(Kind.MALFORMED, f"SAM refuses this: {cause.message}", at)
        refused |= names or sam
    return refused or sam


def _region(stack: Stack) -> str:
    given = stack.around.parameters.get("AWS::Region")
    return given if isinstance(given, str) else _REGION


def _parameters(stack: Stack) -> dict[str, Any]:
    """The parameters whose values are known, and tokens for what AWS decides."""
    known: dict[str, Any] = {}
    for name in ("AWS::Region", "AWS::Partition", "AWS::AccountId"):
        known[name] = str(stack.reference(name))
    for name in stack.raw.sections["Parameters"]:
        value = stack.reference(name)
        if isinstance(value, list) and all(text_of(item) is not None for item in value):
            known[name] = ",".join(str(text_of(item)) for item in value)
        elif text_of(value) is not None and not isinstance(value, Assigned):
            known[name] = text_of(value)
    return known


def _template(stack: Stack, refused: set[str]) -> dict[str, Any]:
    """A template for the translator to change at will, with stand-ins for what `sam package` would upload."""
    sections = stack.raw.sections
    template: dict[str, Any] = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {name: body for name, body in stack.resources.items() if name not in refused},
        "Conditions": stack.conditions,
        "Outputs": stack.outputs,
        "Mappings": sections["Mappings"],
        # Parameters without a known value have no default to be taken in its place.
        "Parameters": {
            name: {key: item for key, item in body.items() if key != "Default"}
            for name, body in sections["Parameters"].items()
            if isinstance(body, dict)
        },
    }
    template = {name: copy.deepcopy(section) for name, section in template.items() if section}
    defaults = copy.deepcopy(stack.raw.globals) if stack.raw.globals else {}
    if defaults:
        template["Globals"] = defaults
    for kind, key in _CODE.items():
        _stand_in(defaults.get(kind), key)
    for body in template["Resources"].values():
        if _is_sam(body):
            _include_definition(stack, body)
            _stand_in_code(body, defaults)
    return template


def _stand_in(properties: Any, key: str) -> None:
    if not isinstance(properties, dict):
        return
    given = properties.get(key)
    if (isinstance(given, str) and not given.startswith("s3://")) or (
        isinstance(given, dict)
        and len(given) == 1
        and next(iter(given)) in ("Ref", "Fn::Sub", "Fn::Join", "Fn::If")
    ):
        properties[key] = _STAND_IN


def _include_definition(stack: Stack, body: dict[str, Any]) -> None:
    """Put in the definition of an API where its file is here: CloudFormation includes before SAM translates."""
    properties = body.get("Properties")
    given = properties.get("DefinitionBody") if isinstance(properties, dict) else None
    if isinstance(properties, dict) and isinstance(given, dict) and given.keys() == {"Fn::Transform"}:
        definition = stack.include(given["Fn::Transform"])
        if isinstance(definition, dict):
            stack.spend(weight(definition))
            properties["DefinitionBody"] = copy.deepcopy(definition)


def _stand_in_code(body: dict[str, Any], defaults: dict[str, Any]) -> None:
    kind = body["Type"].removeprefix(PREFIX)
    if kind not in _CODE:
        return
    if body.get("Properties") is None:
        body["Properties"] = {}
    properties = body["Properties"]
    _stand_in(properties, _CODE[kind])
    if kind != "Function":
        return
    shared = defaults.get("Function")
    everything = {**shared, **properties} if isinstance(shared, dict) else properties
    if everything.get("PackageType") == "Image":
        if "ImageUri" not in everything:
            properties["ImageUri"] = _IMAGE
    elif "CodeUri" not in everything and "InlineCode" not in everything:
        properties["CodeUri"] = _STAND_IN


def _take(stack: Stack, result: dict[str, Any], sources: set[str]) -> None:
    """Take over what SAM made, each resource at the line of the SAM resource it comes from."""
    nowhere = stack.places[min(sources, key=lambda name: stack.places[name].line)]
    made: dict[str, dict[str, Any]] = {}
    for name, body in result.get("Resources", {}).items():
        own = stack.resources.get(name)
        if own is not None and name not in sources:
            # The translator leaves these as they are, but for references to what it renamed.
            made[name] = body
            continue
        source = _source(name, sources)
        place = stack.places[source] if source else nowhere
        made[name] = _known_only(body)
        # Only the resource that bears the SAM resource's own name has its properties.
        stack.places[name] = place if name in sources else Position(place.line, {})
    order = {name: index for index, name in enumerate(stack.resources)}
    stack.resources = dict(
        sorted(made.items(), key=lambda item: order.get(item[0], order.get(_source(item[0], sources) or "", -1)))
    )
    stack.conditions = result.get("Conditions", stack.conditions)
    stack.outputs = result.get("Outputs", stack.outputs)


def _source(name: str, sources: set[str]) -> str | None:
    """The SAM resource that a resource was made of: SAM's names begin with its name."""
    beginnings = (name[:length] for length in range(min(len(name), MAX_NAME), 0, -1))
    return next((beginning for beginning in beginnings if beginning in sources), None)


def _known_only(value: Any) -> Any:
    """What SAM made, with Unknown where a stand-in shows through, and the tokens that it was given."""
    if isinstance(value, dict):
        if _BUCKET in (value.get("S3Bucket"), value.get("Bucket")) or value.get("ImageUri") == _IMAGE:
            return Unknown(Kind.DEPLOYMENT, "where the code is uploaded is only known once it is packaged")
        return value if "Fn::Sub" in value else {key: _known_only(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_known_only(item) for item in value]
    if value == _STAND_IN:
        return Unknown(Kind.DEPLOYMENT, "where the code is uploaded is only known once it is packaged")
    return tokens(value) if isinstance(value, str) and "${AWS::" in value else value
