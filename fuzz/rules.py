"""What people set, as files: rings, what drift leaves out, checks with their remedies, facts of one's own, settings."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import msgspec
import yaml

from demarcate.base import settings
from demarcate.checks import facts
from demarcate.checks.catalog import SHIPPED, load_checks
from demarcate.checks.remedies import Mend, Remedy
from demarcate.drift.ignoring import Rule, read_rules
from demarcate.patching.rings import Ring, Rings, read_rings
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import checks, model

RINGS = """
budget: 10%
snapshots: true
freezes: [{from: 2026-12-18, to: 2027-01-04, why: end of the year}]
rings:
  - id: test
    tags: {environment: [test]}
    approvals: {default: 0}
    soak: 24h
    checks: [ssm-instance-patch-compliant]
  - id: production
    units: [ou-abcd-11111111]
    accounts: ["111122223333"]
    windows: [{days: [sat, sun], from: "22:00", to: "04:00", zone: Europe/Berlin}]
    soak: 1h
    alarms: [checkout-errors]
"""
IGNORED = """
- {why: it grows by itself, table: aws_rds_db_instance, column: allocated_storage}
- {why: the sandbox is nobody's, kind: undeclared, resource: "*sandbox*"}
"""
FACTS = """
aws_lambda_runtime:
  - source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    checked: 2026-11-28
    rows: [{runtime: python3.13, deprecation_date: 2029-06-30}]
"""
SETTINGS = """
sources = ["estate"]
fail-on = "high"
region = ["eu-west-1", "us-east-1"]
max-resources = 200000
[parameters]
Stage = "test"
"""
KINDS = {
    "rings.yaml": RINGS,
    "ignored.yaml": IGNORED,
    "facts.yaml": FACTS,
    "checks/mine.yaml": "",
    "demarcate.toml": "",
}
KEYS = tuple(
    dict.fromkeys(
        field.encode_name
        for kind in (Ring, Rings, Rule, Remedy, Mend, settings.Settings)
        for field in msgspec.structs.fields(kind)
    )
)
WORDS = (
    *KEYS,
    *("$before", "$policy", "$add", "$each", "{0}", "{name}", "{name!r}", "{x[0]}", "10%", "24h", "ou-a"),
)


def prepare() -> None:
    """Read what inputs are made from."""
    _remedies()
    checks()


def make(random: Random) -> Input:
    """One such file, which is damaged."""
    name = random.choice(list(KINDS))
    if name == "demarcate.toml":
        return {name: texts.damaged(random, SETTINGS.encode(), [SETTINGS.encode()])}
    text = random.choice(_remedies()) if name.startswith("checks/") else KINDS[name]
    try:
        tree = trees.damaged(random, trees.parse(text), [trees.parse(RINGS)], trees.Language(WORDS))
        raw = trees.yaml_of(tree, flow=random.random() < 0.3)
    except (yaml.YAMLError, ValueError):
        raw = text.encode()
    return {name: texts.damaged(random, raw, [text.encode()]) if random.random() < 0.2 else raw}


def run(given: Input, folder: Path) -> None:
    """Read it as what its name says."""
    put(given, folder)
    (name,) = given
    path = folder / name
    if name == "rings.yaml":
        rings = read_rings(path, checks())
        assert all(rings.at_once(number) >= 1 for number in (1, 7, 1_000))
    elif name == "ignored.yaml":
        assert read_rules(path).rules is not None
    elif name == "facts.yaml":
        facts.checked(path.read_text(encoding="utf-8", errors="replace"), name)
    elif name == "demarcate.toml":
        settings.load(folder, {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "none")})
    else:
        load_checks([folder / "checks"], responsibilities=model().owed)


@cache
def _remedies() -> list[str]:
    """Shipped checks that a change can mend, each as a file of its own."""
    written = (yaml.load(path.read_text(), Loader=yaml.CSafeLoader) for path in sorted(SHIPPED.rglob("*.yaml")))
    mended = (check for checks_of in written for check in checks_of if isinstance(check.get("remedy"), dict))
    return [yaml.safe_dump([check], sort_keys=False) for check in mended]
