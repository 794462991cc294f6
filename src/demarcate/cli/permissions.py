"""iam-policy: what a role must be allowed to read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import completing, options
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from demarcate.estate.sources.plan import Selection


class PolicyFormat(StrEnum):
    """How a policy is written."""

    JSON = "json"
    CLOUDFORMATION = "cloudformation"


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("iam-policy")(iam_policy)


def iam_policy(
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help="Only what this check, or those like s3-*, read; repeatable.",
            autocompletion=completing.checks,
        ),
    ] = None,
    checks: options.CheckFolders = None,
    by_tag: Annotated[
        list[str] | None, typer.Option("--by-tag", metavar="KEY", help="Tags as well, as assess --by-tag reads.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help="Only what this table reads; repeatable.", autocompletion=completing.tables),
    ] = None,
    org: Annotated[
        bool, typer.Option("--org", help="Also what --org needs where it starts: list accounts, assume the role.")
    ] = False,
    role_name: options.RoleName = None,
    format: Annotated[
        PolicyFormat, typer.Option("--format", help="A policy document, or a template of a role that has it.")
    ] = PolicyFormat.JSON,
) -> None:
    """Print the least IAM policy that the checks need: nothing that they do not read, and nothing that writes."""
    from demarcate.base.errors import DemarcateError
    from demarcate.estate.sources.accounts import ROLE, Accounts
    from demarcate.estate.sources.aws.calls import calls_of
    from demarcate.estate.sources.aws.permissions import grants_of, organization_grants
    from demarcate.report import policy

    if role_name is not None and not org:
        raise DemarcateError("--role-name names the role that --org assumes: give both, or neither")
    meant = Accounts(org, role_name=ROLE if role_name is None else role_name)
    grants = grants_of(calls_of(_selection(check, checks or [], table, tags=bool(by_tag))))
    if meant.organization:
        grants += organization_grants(meant.role_name)
    if format is PolicyFormat.CLOUDFORMATION:
        data().write(policy.template(grants))
        return
    document = policy.policy(grants)
    data().write(policy.policy_json(document))
    size = policy.size(document)
    if size > policy.LIMIT:
        say(
            f"this policy has {size:,} characters and a managed policy takes {policy.LIMIT:,}: "
            f"--format cloudformation makes {len(policy.policies(grants))} policies of it"
        )


def _selection(check: list[str] | None, folders: list[Path], table: list[str] | None, *, tags: bool) -> Selection:
    """What `assess` reads with the same options, or the tables that are named."""
    from demarcate.assessing import selection_for
    from demarcate.checks.catalog import load_checks, select
    from demarcate.estate.sources.collecting import everything
    from demarcate.model import load

    tables = everything(table) if table else {}
    if table and not check:
        return tables
    model = load()
    chosen = select(load_checks(folders, responsibilities=model.owed), check).values()
    asked = [chosen_check for chosen_check in chosen if check is not None or not chosen_check.on_request]
    return {**selection_for(model, asked, live=True, named=check is not None, tags=tags), **tables}
