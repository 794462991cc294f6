"""Plans and states of Terraform, as they are and nearly so."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.terraform.source import TerraformSource
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import example, judged, report

EXAMPLE = Path(__file__).parents[1] / "examples" / "terraform"

TABLES = ("aws_ebs_volume", "aws_iam_role", "aws_kms_key", "aws_rds_db_instance", "aws_s3_bucket")
RULES = "aws_vpc_security_group_rule"

KEYS = (
    "format_version",
    "planned_values",
    "root_module",
    "child_modules",
    "resource_changes",
    "after_unknown",
    "sensitive_values",
    "configuration",
    "module_calls",
    "expressions",
    "references",
    "constant_value",
    "aws_kms_key.data.arn",
    "module.orders",
    "each.key",
    "aws_s3_bucket",
    "id",
    "1.2",
)


def prepare() -> None:
    """Read what inputs are made from, and have judged and reported once."""
    report(*example())
    _plan()


def make(random: Random) -> Input:
    """A plan, or the state that it would be, with its configuration beside it or not."""
    tree = trees.parse(json.dumps(_plan() if random.random() < 0.7 else _state()))
    language = trees.Language(KEYS, (_reference, _unknown))
    raw = trees.json_of(trees.damaged(random, tree, [tree], language) if random.random() < 0.95 else tree)
    if random.random() < 0.2:
        raw = texts.damaged(random, raw, [raw])
    files: dict[str, bytes] = {"plan.json": raw}
    if random.random() < 0.5:
        main = (EXAMPLE / "main.tf").read_bytes()
        files["main.tf"] = texts.damaged(random, main, [main]) if random.random() < 0.5 else main
    if random.random() < 1 / 60:
        files["whole"] = b""
    return files


def run(given: Input, folder: Path) -> None:
    """Collect it; of sixty, one is judged and reported as well."""
    put({name: content for name, content in given.items() if name != "whole"}, folder)
    path = folder / "plan.json"
    if not TerraformSource().recognises(str(path)):
        return  # a file of another kind is a template, which is not what is attacked here
    snapshot = collect_snapshot([path], selection=None if "whole" in given else dict.fromkeys((*TABLES, RULES)))
    if "whole" in given:
        report(snapshot, judged(snapshot))


@cache
def _plan() -> dict[str, Any]:
    plan: dict[str, Any] = json.loads((EXAMPLE / "plan.json").read_text(encoding="utf-8"))
    return plan


def _state() -> dict[str, Any]:
    return {"format_version": "1.0", "terraform_version": "1.13.4", "values": _plan()["planned_values"]}


def _reference(random: Random, _: yaml.Node) -> yaml.Node:
    return trees.node_of({"references": random.sample(KEYS, 2)})


def _unknown(random: Random, around: yaml.Node) -> yaml.Node:
    return trees.node_of(random.choice((True, [True], {"id": True}, [around, True])))
