"""Writes `attributes.json`, what Terraform's providers call the parts of resources:
`python -m tools.terraform_shapes FILE WHEEL...`.

The wheels are the bindings that are generated from the providers' own schemas: `cdktf-cdktf-provider-aws` (of its
versions, one for each major version of `hashicorp/aws`) and `cdktn-provider-awscc`, both on PyPI (`pip download
--no-deps`). Their JavaScript names each attribute as the provider does. Of the resources that a table is made of, the
attributes are kept, nested: a form of text, number or boolean, `[form]` for lists, `{"*": form}` for maps, and an
object for a block (which plans have as a list, or as it is where the provider has a single one). An attribute that not
all major versions have is named with those that do: "acl@4,5".
"""

from __future__ import annotations

import io
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from demarcate.base.files import write_whole
from demarcate.report.safe import json_text

Tree = dict[str, Any]

_CLASS = re.compile(r"^class (\w+) extends", re.MULTILINE)
_NESTED = re.compile(r"\b_\w+ = new (\w+)\(this, \"(\w+)\"")
_LEAF = re.compile(r"this\.(?:get(\w+)Attribute|interpolationForAttribute)\('(\w+)'\)")
_TYPE = re.compile(r"tfResourceType = \"(\w+)\"")
_VERSION = re.compile(r"providerVersion: '([0-9.]+)'")

_FORMS: dict[str, Any] = {
    "String": "text",
    "Number": "number",
    "Boolean": "boolean",
    "List": ["text"],
    "NumberList": ["number"],
    "StringMap": {"*": "text"},
    "NumberMap": {"*": "number"},
    "BooleanMap": {"*": "boolean"},
}
_LEFT_OUT = ("timeouts", "tags_all")


def provider(wheel: Path) -> tuple[str, dict[str, Tree]]:
    """The version of a provider, and the attributes of each of its resources."""
    version, resources = "", {}
    for text in _modules(wheel):
        type_ = _TYPE.search(text)
        if type_ is None or "extends cdktf.TerraformResource" not in text.replace("cdktn.", "cdktf."):
            continue
        version = version or _VERSION.search(text)[1]  # type: ignore[index]
        classes = _classes(text)
        name = next(name for name, body in classes.items() if "terraformResourceType: '" in body)
        resources[type_[1]] = _tree(name, classes, ())
    return version, resources


def _modules(wheel: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as package:
        inner = next(name for name in package.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(package.read(inner)), mode="r:gz") as archive:
            whole: dict[str, str] = {}
            for member in archive:
                folder, _, file = member.name.removeprefix("package/lib/").partition("/")
                if not member.name.startswith("package/lib/") or folder.startswith("data-"):
                    continue
                if file in ("index.js",) or re.fullmatch(r"index-structs/structs[\w-]*\.js", file):
                    text = archive.extractfile(member).read().decode()  # type: ignore[union-attr]
                    whole[folder] = whole.get(folder, "") + text.partition("//# sourceMappingURL")[0] + "\n"
            yield from whole.values()


def _classes(text: str) -> dict[str, str]:
    starts = list(_CLASS.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {match[1]: text[match.start() : end] for match, end in zip(starts, ends, strict=True)}


def _tree(name: str, classes: dict[str, str], above: tuple[str, ...]) -> Tree:
    body = classes[name]
    tree: Tree = {}
    for kind, attribute in _LEAF.findall(body):
        tree[attribute] = _FORMS.get(kind, "any")
    for class_, attribute in _NESTED.findall(body):
        inner = next(
            (c for c in (class_, re.sub("(List|Map)$", "OutputReference", class_)) if _has(c, classes)), ""
        )
        if inner and inner not in above:
            below: Any = _tree(inner, classes, (*above, name))
            tree[attribute] = (
                {"*": below} if class_.endswith("Map") and not class_.endswith("OutputReference") else below
            )
        else:
            tree[attribute] = "any"
    return {key: value for key, value in sorted(tree.items()) if key not in _LEFT_OUT}


def _has(name: str, classes: dict[str, str]) -> bool:
    return name in classes and not name.endswith(("List", "Map"))


def joined(versions: dict[str, Any]) -> Any:
    """The attributes that some versions have, each with the versions that have it where not all do."""
    trees = {version: tree for version, tree in versions.items() if isinstance(tree, dict)}
    if not trees:
        return list(versions.values())[-1]
    tree: Tree = {}
    for name in sorted({name for each in trees.values() for name in each}):
        having = {version: each[name] for version, each in trees.items() if name in each}
        key = name if len(having) == len(versions) else f"{name}@{','.join(having)}"
        tree[key] = joined(having)
    return tree


def shapes(wheels: list[Path], wanted: Callable[[str], bool] = bool) -> Tree:
    """What the file holds."""
    versions: dict[str, dict[str, str]] = {}
    majors: dict[str, dict[str, dict[str, Tree]]] = {}
    for wheel in wheels:
        version, resources = provider(wheel)
        name = "awscc" if any(type_.startswith("awscc_") for type_ in resources) else "aws"
        major = version.partition(".")[0]
        versions.setdefault(name, {})[major] = version
        for type_, tree in resources.items():
            if wanted(type_):
                majors.setdefault(name, {}).setdefault(type_, {})[major] = tree
    told: Tree = {"": {"compared": date.today().isoformat(), **versions}}
    for name, several in majors.items():
        for type_, trees in sorted(several.items()):
            having = "" if len(trees) == len(versions[name]) else "@" + ",".join(trees)
            told[type_ + having] = joined(trees)
    return told


def text(told: Tree) -> str:
    """The file: a resource a line."""
    lines = [f"{json_text(type_)}: {json_text(tree)}" for type_, tree in told.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _is_cc(name: str) -> bool:
    return name.startswith("awscc_")


def main(arguments: list[str]) -> None:
    """Write the file named."""
    from demarcate.estate.sources.terraform.mapped import alike, declarations, types_read

    if len(arguments) < 2:
        raise SystemExit("usage: python -m tools.terraform_shapes FILE WHEEL...")
    declared = {mapped.resource for mapped in declarations()} | {"aws_iam_policy_document"}
    cc = {alike(type_.removeprefix("AWS::")) for type_ in types_read()}
    told = shapes(
        [Path(wheel) for wheel in arguments[1:]],
        lambda name: name in declared or (_is_cc(name) and alike(name[6:]) in cc),
    )
    write_whole(Path(arguments[0]), text(told).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
