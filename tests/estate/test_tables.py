"""No invented AWS: every mapping is held to botocore's service models and CloudFormation's resource schemas."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name

from demarcate.estate.schema.table import Bulk, Call, Column, Each, From, Table
from demarcate.estate.sources.aws.by_name import identifier
from demarcate.estate.sources.cloudformation.shapes import place_of
from demarcate.estate.tables import all_tables
from tests.each import each
from tests.estate.schemas import alternatives, schema

TABLES = list(all_tables().values())
STEP = re.compile(r"([A-Za-z0-9_:/-]+)|\[(\d*)\]")
READS = re.compile(r"^(describe|list|get|lookup|search|batch_get)_|^generate_credential_report$")
ASKED = ("#account_id", "#region", "#regions", "#owner_id")
FITS = {
    "VARCHAR": {"string", "character"},
    "BOOLEAN": {"boolean"},
    "BIGINT": {"integer", "long"},
    "DOUBLE": {"float", "double", "integer", "long"},
    "TIMESTAMP": {"timestamp"},
}
SCHEMA_FITS = {
    "VARCHAR": {"string", "integer", "number", "boolean"},
    "BOOLEAN": {"boolean", "string"},
    "BIGINT": {"integer", "string", "number"},
    "DOUBLE": {"number", "integer", "string"},
    "TIMESTAMP": {"string"},
}


@cache
def operation_model(operation: str) -> Any:
    service, method = operation.split(".")
    model = _session().get_service_model(service)
    names = {xform_name(name): name for name in model.operation_names}
    assert method in names, f"{service} has no operation {method}"
    return model.operation_model(names[method])


@cache
def _session() -> Any:
    return botocore.session.get_session()


def steps_of(path: str) -> list[str | None]:
    return [name or None for name, _ in STEP.findall(path)] if path != "@" else []


def walk(shape: Any, path: str, what: str) -> Any:
    """The shape at a path in a botocore shape."""
    for step in steps_of(path):
        if step is None:
            assert shape.type_name == "list", f"{what}: {path}: {shape.name} is not a list"
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
        else:
            assert shape.type_name == "structure", f"{what}: {path}: {shape.name} has no members"
            assert step in shape.members, f"{what}: {path}: {shape.name} has {sorted(shape.members)}"
            shape = shape.members[step]
    return shape


def item_shapes(table: Table) -> list[Any]:
    """The shape of the item of each step."""
    shapes: list[Any] = []
    for step in table.steps:
        shape = walk(operation_model(step.operation).output_shape, step.items, table.name)
        if shape.type_name == "list" and not step.items.endswith("]") and step.items != "@":
            shape = shape.member
        shapes.append(shape)
    return shapes


def resolve(table: Table, path: str, shapes: list[Any]) -> Any:
    at = len(shapes) - 1
    while path.startswith("^"):
        at, path = at - 1, path[1:].removeprefix(".")
    if path.startswith("@") and path != "@":
        name, _, rest = path[1:].partition(".")
        if "[" in name:
            name, _, index = name.partition("[")
            rest = f"[{index}" + (f".{rest}" if rest else "")
        assert name in table.details, f"{table.name} has no detail {name}"
        detail = table.details[name]
        shape = operation_model(detail.operation).output_shape
        if isinstance(detail, Bulk):
            if detail.read is not None:
                return None  # of a form that botocore knows nothing of
            shape = walk(shape, detail.steps[-1].items, table.name)
            rest = rest.removeprefix("[0]").removeprefix("[]").removeprefix(".")
            shape = shape.member if shape.type_name == "list" else shape
        return walk(shape, rest or "@", table.name)
    return walk(shapes[at], path or "@", table.name)


def check_inputs(table: Table, call: Each | Call) -> None:
    model = operation_model(call.operation)
    accepted = set(model.input_shape.members) if model.input_shape else set()
    for name in (*call.params, *call.inputs):
        outer, *inner = name.split(".")
        assert outer in accepted, f"{table.name}: {call.operation} takes {sorted(accepted)}"
        shape = model.input_shape.members[outer]
        for part in inner:
            assert part in shape.members, f"{table.name}: {call.operation}: {outer} has {sorted(shape.members)}"
            shape = shape.members[part]
    required = set(model.input_shape.required_members) if model.input_shape else set()
    missing = required - set(call.params) - {name.partition(".")[0] for name in call.inputs}
    assert not missing, f"{table.name}: {call.operation} also needs {missing}"
    assert READS.match(call.operation.split(".")[1]), f"{table.name}: {call.operation} may write"


@each("table", [t for t in TABLES if t.steps], ids=lambda t: t.name)
def test_live_mapping_is_what_botocore_has(table: Table) -> None:
    shapes = item_shapes(table)
    for number, step in enumerate(table.steps):
        check_inputs(table, step)
        for path in step.inputs.values():
            if path not in ASKED:
                resolve(table, path, shapes[:number])
    for detail in table.details.values():
        if isinstance(detail, Bulk):
            check_bulk(table, detail, shapes)
        else:
            check_call(table, detail, shapes)
    for column in table.columns:
        place = column.place("live")
        if place is not None and place.path.startswith("#other."):
            assert resolve(table, place.path.removeprefix("#other."), shapes).type_name == "string"
        if place is None or place.path.startswith("#"):
            continue
        shape = resolve(table, place.path, shapes)
        if place.function is None and shape is not None:
            fits(column, shape)


OTHERWISE = {("ecs.describe_clusters", "clusters"): "clusterArn", ("sqs.list_queues", "QueueNamePrefix"): ""}
"""Parameters that are not called as the member is that they take."""


@each("table", [t for t in TABLES if any(step.by for step in t.steps)], ids=lambda t: t.name)
def test_what_is_asked_for_by_name_is_found_by_it(table: Table) -> None:
    """The parameter is AWS's, a list where it says so; the column is filled from what it takes, and is in the ARN."""
    number, step = next((number, step) for number, step in enumerate(table.steps) if step.by)
    ((written, name),) = step.by.items()
    parameter = written.removesuffix("[]")
    shape = operation_model(step.operation).input_shape.members[parameter]
    assert (shape.type_name == "list") == (written != parameter)
    if shape.type_name == "list":
        assert step.size <= shape.metadata.get("max", step.size)
    column = table.column(name)
    place = column.place("live") if column is not None else None
    assert place is not None
    member = parameter if shape.type_name == "string" else parameter.removesuffix("s")
    assert (
        place.path == OTHERWISE.get((step.operation, parameter), member.removesuffix("Prefix")) or place.function
    )
    paths = [told.path for each in table.columns if (told := each.place("live"))]
    paths += [
        path for detail in table.details.values() if isinstance(detail, Call) for path in detail.inputs.values()
    ]
    paths += [path for later in table.steps[number + 1 :] for path in later.inputs.values()]
    assert number == 0 or not any(path.startswith("^") for path in paths)


@each(
    ("name", "resource", "value"),
    [
        ("aws_ebs_volume", "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1", "vol-1"),
        ("aws_vpc", "arn:aws-cn:ec2:cn-north-1:123456789012:vpc/vpc-1", "vpc-1"),
        ("aws_sqs_queue", "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", "jobs.fifo"),
        ("aws_redshift_cluster", "arn:aws:redshift:eu-west-1:123456789012:cluster:c", "c"),
        ("aws_rds_db_instance", "arn:aws:rds:eu-west-1:123456789012:db:shop", "shop"),
        ("aws_rds_db_snapshot", "arn:aws:rds:eu-west-1:123456789012:snapshot:rds:shop-2026", "rds:shop-2026"),
        ("aws_rds_db_cluster_snapshot", "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:s", "s"),
        ("aws_ecr_repository", "arn:aws:ecr:eu-west-1:123456789012:repository/team/app", "team/app"),
        (
            "aws_cloudwatch_log_group",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f",
            "/aws/lambda/f",
        ),
        ("aws_cloudwatch_alarm", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a: b/c", "a: b/c"),
        ("aws_vpc_subnet", "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1", "subnet-1"),
        ("aws_ebs_volume", "arn:aws:ec2:eu-west-1:123456789012:snapshot/snap-1", None),
        ("aws_rds_db_instance", "a logical id", None),
    ],
)
def test_a_name_is_taken_out_of_an_arn(name: str, resource: str, value: str | None) -> None:
    table = all_tables()[name]
    (by,) = [step.by for step in table.steps if step.by]
    ((_, column),) = by.items()
    assert identifier(table, column, resource) == value


UNTOLD = {
    "aws_dynamodb_table": {"backup_selected"},
    "aws_efs_file_system": {"backup_selected"},
    "aws_rds_db_cluster": {"backup_selected"},
    "aws_rds_db_instance": {"backup_selected"},
    "aws_cloudwatch_log_subscription_filter": {"filter_pattern", "destination_arn", "role_arn"},
}
"""Columns that templates have, and that AWS tells elsewhere, or only at the cost of a call for each of many."""


@each("table", [t for t in TABLES if t.steps], ids=lambda t: t.name)
def test_what_a_template_says_of_a_resource_is_read_live_too(table: Table) -> None:
    """Tags most of all: what is not read would be counted as without any."""
    assert {column.name for column in table.columns if not column.place("live")} == UNTOLD.get(table.name, set())


@each("table", [t for t in TABLES if t.gone], ids=lambda t: t.name)
def test_a_state_of_what_is_gone_is_one_of_aws(table: Table) -> None:
    name, *states = table.gone
    column = table.column(name)
    place = column.place("live") if column is not None else None
    assert place is not None and place.function is None and not place.path.startswith("@")
    told = getattr(resolve(table, place.path, item_shapes(table)), "enum", None) or ()
    # Some services tell the states of their resources in prose alone.
    assert states and (not told or set(states) < set(told)), sorted(told)


def check_call(table: Table, call: Call, shapes: list[Any]) -> None:
    check_inputs(table, call)
    for path in call.inputs.values():
        if path not in ASKED:
            resolve(table, path, shapes)
    if call.home:
        resolve(table, call.home, shapes)
    if call.only:
        resolve(table, call.only[0], shapes)


def check_bulk(table: Table, bulk: Bulk, shapes: list[Any]) -> None:
    for step in bulk.steps:
        check_inputs(table, step)
    resolve(table, bulk.of, shapes)
    item = walk(operation_model(bulk.operation).output_shape, bulk.steps[-1].items, table.name)
    if bulk.read is None:
        walk(item.member if item.type_name == "list" else item, bulk.key, table.name)
    if bulk.confirm is not None:
        check_inputs(table, bulk.confirm)


def fits(column: Column, shape: Any) -> None:
    if column.type == "VARCHAR[]":
        assert shape.type_name == "list", f"{column.name}: {shape.name} is not a list"
        assert shape.member.type_name == "string", f"{column.name}: {shape.name} is not a list of text"
    elif column.type != "JSON":
        assert shape.type_name in FITS[column.type], f"{column.name}: {column.type} is not {shape.type_name}"


def schema_walk(type_: str, path: str) -> list[dict[str, Any]]:
    root = schema(type_)
    nodes = [root]
    for step in steps_of(path):
        below = []
        for node in (n for above in nodes for n in alternatives(root, above)):
            if step is None:
                below += [node["items"]] if "items" in node else []
            elif step in node.get("properties", {}):
                below.append(node["properties"][step])
            elif node.get("patternProperties"):
                below += node["patternProperties"].values()
            elif step != "" and "object" in str(node.get("type")) and not node.get("properties"):
                below.append({"type": ["object", "string", "number", "boolean", "integer", "array"]})
        assert below, f"{type_} has no {path} (at {step})"
        nodes = below
    return [n for above in nodes for n in alternatives(root, above)]


@each("table", [t for t in TABLES if t.types or any("::" in d.of for d in t.derived)], ids=lambda t: t.name)
def test_template_mapping_is_what_cloudformation_has(table: Table) -> None:
    for column in table.columns:
        place = place_of(table, column)
        if place is None or place.path.startswith("#") or not table.types:
            continue
        nodes = [n for type_ in table.types for n in template_nodes(table, type_, place)]
        assert nodes, f"{table.name}.{column.name}: no type of {table.types} has {place.path}"
        if place.function is None and column.type in SCHEMA_FITS:
            types: set[str] = set()
            for node in nodes:
                told = node.get("type", [])
                types.update([told] if isinstance(told, str) else told)
            assert not types or types & SCHEMA_FITS[column.type], f"{table.name}.{column.name}: {types}"
    for type_ in table.types:
        if table.ref_property:
            schema_walk(type_, table.ref_property)
    for companion in table.companions.values():
        schema_walk(companion.type, companion.property)
    for derived in table.derived:
        for name in derived.needs if "::" in derived.of else ():
            if name != "ref":
                schema_walk(derived.of, name)


def template_nodes(table: Table, type_: str, place: From) -> list[dict[str, Any]]:
    path = place.said or place.path
    if path.startswith("@") and path != "@":
        name, _, rest = path[1:].partition(".")
        if "[" in name:
            name, _, index = name.partition("[")
            rest = f"[{index}" + (f".{rest}" if rest else "")
        companion = table.companions[name]
        rest = re.sub(r"^\[\d*\]\.?", "", rest) if companion.many else rest
        return schema_walk(companion.type, rest or "@")
    try:
        return schema_walk(type_, path)
    except AssertionError:
        if len(table.types) == 1:
            raise
        return []


@each("table", TABLES, ids=lambda t: t.name)
def test_a_table_is_whole(table: Table) -> None:
    assert re.fullmatch(r"aws_[a-z0-9_]+", table.name)
    assert table.about.endswith(".")
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names)), "a column is declared twice"
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    if table.steps or table.types:
        assert "arn" in names, "findings need the ARN"
    if table.computed is not None:
        assert table.scope == "account", "it is computed once for all regions of an account"
        assert table.computed.of in table.computed.needs
        for name, columns in table.computed.needs.items():
            assert {*columns} <= {column.name for column in all_tables()[name].columns}
            assert all_tables()[name].computed is None, "what is computed is written after all else"
    for derived in table.derived:
        parent = all_tables().get(derived.of)
        if "::" not in derived.of:
            assert parent is not None, f"there is no table {derived.of}"
            assert {*derived.needs} <= {column.name for column in parent.all_columns} | {"ref"}
