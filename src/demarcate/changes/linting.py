"""Lint a template before it is deployed: by CloudFormation's resource schemas, as cfn-lint has them, and by rules of
CloudFormation Guard, where a folder of them is given.

https://github.com/aws-cloudformation/cfn-lint
https://docs.aws.amazon.com/cfn-guard/latest/ug/cfn-guard-validate.html
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demarcate.base.documents import read_text
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder, walk
from demarcate.estate.sources.cloudformation.reading import read_template

GUARD: Final = "cfn-guard"
"""The program of CloudFormation Guard."""

RULES: Final = (".guard", ".ruleset")
"""How the files of rules end that Guard looks for in a folder."""

PATIENCE: Final = 300.0
"""Seconds that Guard may take."""

MOST: Final = 200
"""How many lines of Guard's are told."""


@dataclass(frozen=True, slots=True)
class Lint:
    """What a linter says of a template. What only `warns` stops nothing."""

    text: str
    line: int | None = None
    warns: bool = False


def lint(template: Path, region: str) -> list[Lint] | None:
    """What cfn-lint says of a template for a region; None where it is not installed.

    Raises DemarcateError where the template cannot be read.
    """
    try:
        from cfnlint.api import lint as run
    except ImportError:
        return None
    read_template(template, str(template), explicit=True)  # within limits, which the linter does not have
    matches = run(read_text(template), None, [region], None)
    return [
        Lint(f"{match.rule.id}: {match.message}", match.linenumber, warns=match.rule.severity != "error")
        for match in sorted(matches, key=lambda match: (match.linenumber, match.rule.id))
    ]


def _passed_over(path: Path, why: str) -> None:
    """Guard itself tells of what it cannot read."""


def guard(template: Path, rules: Path) -> list[Lint]:
    """What Guard says of a template that a folder of rules does not hold of; nothing where all do.

    Guard (3.1.1) ends with 0 where all hold, with 19 where some do not, with 5 where rules are not of its language, and
    with 0 where there are none. Raises DemarcateError where it is not installed, cannot be run, or does not end, and
    where there are no rules.
    """
    program = shutil.which(GUARD)
    if program is None:
        raise DemarcateError(
            f"rules of Guard need the program {GUARD}, which is not on the path: {rules} is not used"
        )
    if not rules.exists():
        raise DemarcateError(f"{rules}: there is no such folder of rules")
    if (
        is_folder(rules)
        and next(walk(rules, [rules], lambda name: name.endswith(RULES), _passed_over), None) is None
    ):
        raise DemarcateError(f"{rules}: holds no rules of Guard ({', '.join(RULES)})")
    command = [
        program,
        "validate",
        "--data",
        str(template.resolve()),
        "--rules",
        str(rules.resolve()),
        "--show-summary",
        "fail",
    ]
    try:
        done = subprocess.run(  # noqa: S603  the user's own program, and no shell
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemarcateError(f"{program} could not be run: {error}") from error
    if done.returncode == 0:
        return []
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    told = [Lint(f"guard: {line.strip()}") for line in lines[:MOST]]
    return told or [Lint(f"guard: it ended with {done.returncode}, and said nothing")]
