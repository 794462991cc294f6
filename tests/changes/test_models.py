"""Remedies are held to AWS's own models: every operation, every parameter, and every path into an answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import jmespath
from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from demarcate.changes.permissions import grants_of_call
from demarcate.changes.values import EARLIER
from demarcate.checks.catalog import load_checks
from demarcate.checks.remedies import AFTER, ASKED, BEFORE, ELSE, JOINED, MERGED, POLICY, Mend
from demarcate.estate.sources.aws.guard import reads
from tests.conftest import models
from tests.each import each

MENDS = {
    f"{name}-{number}": mend
    for name, check in load_checks().items()
    for number, mend in enumerate(check.remedy.mends, 1)
}


def operation(name: str) -> Any:
    """botocore's model of an operation."""
    service, method = name.split(".")
    model, named = _service(service)
    assert method in named, f"{service} has no operation {method}"
    return model.operation_model(named[method])


@cache
def _service(name: str) -> tuple[Any, dict[str, str]]:
    """A service's model, and AWS's names of its operations by botocore's."""
    session = botocore.session.Session()
    session.register_component("data_loader", models(None))
    model = session.get_service_model(name)
    return model, {xform_name(each): each for each in model.operation_names}


def wrong(value: Any, shape: Shape, where: str, *, whole: bool = True) -> Iterator[str]:
    """What AWS would not take of a parameter as it is written; a part that is laid over another is not `whole`."""
    for mark in (MERGED, JOINED):
        if isinstance(value, dict) and mark in value:
            for part in value[mark]:
                yield from wrong(part, shape, where, whole=mark == JOINED)
            return
    if isinstance(value, dict) and POLICY in value:
        if not isinstance(shape, StringShape):
            yield f"{where}: takes no text of a policy"
        return
    if isinstance(value, dict) and {BEFORE, AFTER, ASKED, EARLIER} & value.keys():
        if ELSE in value:
            yield from wrong(value[ELSE], shape, where)
        return
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{where}: expected a structure"
            return
        for key, inner in value.items():
            if key not in shape.members:
                yield f"{where}.{key}: there is no such member of {shape.name}"
            else:
                yield from wrong(inner, shape.members[key], f"{where}.{key}", whole=whole)
        for required in shape.required_members if whole else ():
            if required not in value:
                yield f"{where}.{required}: is required"
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{where}: expected a list"
            return
        for inner in value:
            yield from wrong(inner, shape.member, f"{where}[]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{where}: expected a map"
            return
        for inner in value.values():
            yield from wrong(inner, shape.value, f"{where}{{}}")
    else:
        yield from _wrong_leaf(value, shape, where)


def _wrong_leaf(value: Any, shape: Shape, where: str) -> Iterator[str]:
    if isinstance(value, str) and "{" in value:
        return
    kinds = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": str}
    expected = kinds.get(shape.type_name)
    if expected is not None and type(value) is not expected:
        yield f"{where}: expected {shape.type_name}, found {value!r}"
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{where}: {value!r} is none of {shape.enum}"


def written(mend: Mend) -> Iterator[tuple[str, dict[str, Any]]]:
    for told in (mend.do, mend.reads, mend.undo, mend.undo_absent):
        if isinstance(told, dict):
            yield from told.items()


@each("mend", MENDS.values(), ids=MENDS)
def test_calls_are_such_as_aws_takes(mend: Mend) -> None:
    for name, parameters in written(mend):
        model = operation(name)
        shape = model.input_shape
        assert (list(wrong(parameters, shape, name)) if shape is not None else list(parameters)) == [], name


@each("mend", MENDS.values(), ids=MENDS)
def test_what_is_read_only_reads_and_what_is_done_does_not(mend: Mend) -> None:
    assert reads(next(iter(mend.reads)))
    for told in (mend.do, mend.undo, mend.undo_absent):
        if isinstance(told, dict):
            assert not reads(next(iter(told)))


@each("mend", MENDS.values(), ids=MENDS)
def test_calls_have_their_iam_actions(mend: Mend) -> None:
    for name, _ in written(mend):
        assert all(":" in grant.action for grant in grants_of_call(name)), name


def sample(shape: Shape, depth: int = 0) -> Any:
    """An answer of a shape with something in every member."""
    if isinstance(shape, StructureShape):
        return {key: sample(inner, depth + 1) for key, inner in shape.members.items()} if depth < 8 else {}
    if isinstance(shape, ListShape):
        return [sample(shape.member, depth + 1)] if depth < 8 else []
    if isinstance(shape, MapShape):
        return {"key": sample(shape.value, depth + 1)} if depth < 8 else {}
    return {"boolean": True, "integer": 1, "long": 1, "double": 1.0, "float": 1.0}.get(shape.type_name, "text")


@each("mend", MENDS.values(), ids=MENDS)
def test_a_state_is_what_an_answer_has(mend: Mend) -> None:
    model = operation(next(iter(mend.reads)))
    state = jmespath.search(mend.state, sample(model.output_shape))
    assert state not in (None, {}, []), mend.state
    if isinstance(state, dict):
        assert None not in state.values(), f"{mend.state} names what no answer has: {state}"
    jmespath.search(mend.done, state)
