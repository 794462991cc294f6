"""guardrails: what would keep met responsibilities met, whom it would have stopped, and how it is deployed."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import options, providers
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from demarcate.estate.schema.unknown import Unknown
    from demarcate.guardrails.calls import Call
    from demarcate.guardrails.denying import Denial, Ruling
    from demarcate.guardrails.filling import Choices
    from demarcate.guardrails.proposing import Proposal
    from demarcate.guardrails.structs import Guardrail, Kind
    from demarcate.posture.assessment import Assessment


class GuardrailFormat(StrEnum):
    """How proposals and tests are written."""

    TEXT = "text"
    JSON = "json"


Values = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE,…", help="The values of a guardrail's parameter; repeatable."),
]
Exempt = Annotated[
    list[str] | None,
    typer.Option(
        "--exempt", metavar="ARN", help="A principal that is left out of denials; repeatable, * and ? match."
    ),
]
Written = Annotated[GuardrailFormat, typer.Option("--format", help="How it is written.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="What keeps met responsibilities met.", no_args_is_help=True)
    group.command("propose")(propose)
    group.command("list")(list_guardrails)
    group.command("show")(show)
    group.command("test")(test)
    group.command("plan")(plan)
    group.command("pack")(pack)
    app.add_typer(group, name="guardrails")


def propose(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE", help=f"What assess --save kept; or {options.SOURCES}")
    ],
    set_: Values = None,
    exempt: Exempt = None,
    full: Annotated[bool, typer.Option("--full", help="Tell also what is not proposed, and why.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the policies and conformance packs there, too."),
    ] = None,
    format: Written = GuardrailFormat.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    parameters: options.Parameters = None,
    checks: options.CheckFolders = None,
    evidence: options.EvidencePlaces = None,
    ledger: options.LedgerPlace = None,
) -> None:
    """Propose policies that keep what is met, from an assessment: whom each can hurt, and what it leaves open.

    Nothing is written to AWS. Exit codes: 0 done; 2 bad input; 3 done, but something could not be read.
    """
    from demarcate.assessing import assess_sources
    from demarcate.guardrails.proposing import propose as proposed
    from demarcate.report import guardrails as report
    from demarcate.report.progress import showing

    choices = _choices(set_, exempt)
    assessment = options.kept(
        sources,
        profile=profile,
        region=region,
        endpoint_url=endpoint_url,
        org=org,
        account=account,
        role_name=role_name,
        external_id=external_id,
        parameters=parameters,
        checks=checks,
        evidence=evidence,
    )
    if assessment is None:
        how = options.options_of(
            profile,
            region,
            endpoint_url,
            parameters,
            accounts=options.accounts_of(org, account, role_name, external_id),
        )
        with showing() as progress:
            assessment = assess_sources(
                sources,
                how,
                check_folders=checks or (),
                evidence=providers.evidence_of(evidence, ledger),
                progress=progress,
            )
    with assessment:
        proposals = proposed(assessment.posture)
        if out is not None:
            _save(out, proposals, choices, assessment)
        if format is GuardrailFormat.JSON:
            report.write_json(proposals, choices, data())
        else:
            report.write(proposals, choices, options.console(), full=full)
        options.say_unread(assessment.posture.unread)
        if assessment.posture.unread:
            raise typer.Exit(options.UNREAD)


def list_guardrails(
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List all guardrails that there are."""
    from demarcate.guardrails.load import load_guardrails
    from demarcate.report import guardrails as report
    from demarcate.report import rows

    rows.write(*report.listed(list(load_guardrails().values())), str(format), data())


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="A guardrail.")],
    set_: Values = None,
    exempt: Exempt = None,
    json: Annotated[bool, typer.Option("--json", help="Its policy alone, as AWS takes it.")] = False,
) -> None:
    """Show one guardrail: what it keeps, whom it can hurt, and its policy."""
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.filling import missing, policies
    from demarcate.report import guardrails as report

    guardrail, choices = _named([id])[0], _choices(set_, exempt)
    if not json:
        report.write_one(guardrail, options.console())
    if json and guardrail.control:
        raise DemarcateError(f"{id} is a control of Control Tower, and no policy: {guardrail.control}")
    if json or not missing(guardrail, choices):
        for policy in policies([guardrail], choices):
            data().write(f"{policy.text}\n")


DENIED = 1
"""The exit code where a call would have been denied."""

HISTORY = "aws"
"""What is given for CloudTrail's event history in the place of files."""


def test(
    policies: Annotated[
        list[str],
        typer.Argument(
            metavar="POLICY", help="A file with a control policy or one of EC2 or S3, or a guardrail's id."
        ),
    ],
    events: Annotated[
        list[str],
        typer.Option(
            "--events",
            metavar="PATH|aws",
            help="Files that CloudTrail delivered, folders of them, or aws: its event history; repeatable.",
        ),
    ],
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account", metavar="ID", help="An account that the policy is for; repeatable. Default: all."
        ),
    ] = None,
    management_account: Annotated[
        str | None, typer.Option("--management-account", metavar="ID", help="The account that no policy binds.")
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option("--organization", metavar="ID", help="The organization that all callers belong to."),
    ] = None,
    boundary: Annotated[
        bool,
        typer.Option(
            "--boundary",
            help="The policy is a permissions boundary: what none of its statements allows is denied.",
        ),
    ] = False,
    principal: Annotated[
        list[str] | None,
        typer.Option(
            "--principal",
            metavar="ARN",
            help="With --boundary: a user or role that it is for; repeatable, * and ? match. Default: all.",
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="Of aws: so many days back.")] = 7,
    set_: Values = None,
    exempt: Exempt = None,
    full: Annotated[bool, typer.Option("--full", help="Show all calls, however many.")] = False,
    format: Written = GuardrailFormat.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
) -> None:
    """Say who would have been denied what by a control policy or a permissions boundary, from the calls that CloudTrail
    recorded.

    One for resources holds for whoever calls, on what is in the accounts that it is for; a declarative policy of EC2
    and a policy of S3 hold for everybody in them.

    Exit codes: 0 nobody; 1 somebody; 2 bad input; 3 nobody in what could be read, and something could not.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.bounding import whom
    from demarcate.guardrails.events import in_files, in_history
    from demarcate.guardrails.refusing import whom as held_for
    from demarcate.guardrails.replaying import Outcome, replay
    from demarcate.report import guardrails as report

    _check_accounts([*(account or ()), *([management_account] if management_account else ())])
    binds: Callable[[Call], tuple[bool | Unknown, str] | None] | None = None
    denials: Sequence[Ruling]
    unseen: list[str] = []
    if boundary:
        kind, denials, others = "boundary", _boundary(policies, set_, exempt), 0
        binds = whom(principal or ())
    elif principal:
        raise DemarcateError("--principal goes with --boundary: a control policy binds all of an account")
    elif (settings := _settings(policies, _choices(set_, exempt))) is not None:
        kind, denials, unseen = settings
        others, binds = 0, held_for(management_account or "", account or ())
    else:
        kind, denials, others = _denials(policies, _choices(set_, exempt))
    outcome = Outcome()
    if "" in events:
        raise DemarcateError("--events takes files that CloudTrail delivered, folders of them, or aws")
    paths = [Path(name) for name in events if name != HISTORY]
    if paths and len(paths) < len(events):
        raise DemarcateError("--events takes files, or aws: give one of the two")
    if paths:
        if options.asked(profile=profile, region=region, endpoint_url=endpoint_url):
            raise DemarcateError("--events are files: leave the options about AWS out")
        resources = options.held().settings.max_resources
        recorded = in_files(paths, outcome.problems.append, **({"resources": resources} if resources else {}))
    else:
        recorded = in_history(options.options_of(profile, region, endpoint_url), days, outcome.problems.append)
    replay(
        denials,
        recorded,
        outcome=outcome,
        accounts=frozenset(account or ()),
        management=management_account or "",
        organization=organization or "",
        for_resources=kind == "rcp",
        binds=binds,
    )
    of = {"rcp": "resources", "boundary": "boundary"}.get(kind, "calls")
    if format is GuardrailFormat.JSON:
        report.write_test_json(outcome, data(), others=others, management=management_account, of=of)
    else:
        report.write_test(
            outcome, options.console(), others=others, management=management_account, full=full, of=of
        )
    for told in unseen:
        say(told)
    for problem in outcome.problems:
        say(f"could not be read: {problem}")
    if outcome.denied_count:
        raise typer.Exit(DENIED)
    if outcome.problems:
        raise typer.Exit(options.UNREAD)


def plan(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Guardrails.")],
    target: Annotated[
        str,
        typer.Option("--target", metavar="ID", help="The unit (ou-…) or account that they are for, first of all."),
    ],
    root: Annotated[
        bool, typer.Option("--root", help="The target may be the root: all accounts at once.")
    ] = False,
    set_: Values = None,
    exempt: Exempt = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that makes the policies of guardrails and attaches them, and record it.

    Controls of Control Tower are enabled for the unit. It takes the credentials of the management account, or of one
    that acts for it. Nothing is written to AWS. Exit codes: 0 done; 2 bad input, or AWS would not take it.
    """
    from demarcate.changes.reach import Reach
    from demarcate.cli import planning
    from demarcate.guardrails import deploying

    guardrails, choices = _named(ids), _choices(set_, exempt)
    reach = Reach(options.options_of(profile, None, endpoint_url), reads=deploying.READS)
    caller = reach.caller
    change = deploying.plan(guardrails, target, caller.account, reach, choices, root=root, region=caller.start)
    planning.record(change, caller.arn, ledger, as_)


def pack(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="Conformance packs, as propose --out writes them.", show_default=False
        ),
    ],
    organization: Annotated[
        bool, typer.Option("--organization", help="For all accounts of the organization, not this one alone.")
    ] = False,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that deploys conformance packs of AWS Config to regions, and record it.

    Without --region it is the one of your own profile. Nothing is written to AWS. Exit codes: 0 done; 2 bad input, or
    AWS would not take it.
    """
    from demarcate.changes.reach import Reach
    from demarcate.cli import planning
    from demarcate.guardrails import packing
    from demarcate.guardrails.conformance import read_template

    templates = [read_template(path) for path in dict.fromkeys(files)]
    reach = Reach(options.options_of(profile, region, endpoint_url), reads=packing.READS)
    caller = reach.caller
    change = packing.plan(templates, caller.account, region or [caller.start], reach, organization=organization)
    planning.record(change, caller.arn, ledger, as_)


def _check_accounts(ids: list[str]) -> None:
    """Refuse what is no account. Raises DemarcateError."""
    from demarcate.base.arn import is_account_id
    from demarcate.base.errors import DemarcateError

    for id_ in ids:
        if not is_account_id(id_):
            raise DemarcateError(f"{id_!r} is no account: expected 12 digits")


def _boundary(names: list[str], values: list[str] | None, exempt: list[str] | None) -> list[Ruling]:
    """What of a boundary denies calls. Raises DemarcateError for several, and for what is none."""
    from demarcate.base.documents import read
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.bounding import rulings

    if len(names) > 1 or values or exempt:
        raise DemarcateError("a user or role has one boundary: name one file, and leave --set and --exempt out")
    return rulings(read(Path(names[0]), Any), names[0])


def _settings(names: list[str], choices: Choices) -> tuple[Kind, list[Ruling], list[str]] | None:
    """The kind of policies of settings that are named by file or guardrail, what they refuse, and what no call tells of
    it; None where none is named. Raises DemarcateError where others are named beside them.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.refusing import kind_of, rulings

    documents = {name: _document(name, choices) for name in names}
    kinds = {kind for document in documents.values() if (kind := kind_of(document)) is not None}
    if not kinds:
        return None
    if len(kinds) > 1 or not all(map(kind_of, documents.values())):
        raise DemarcateError("test policies of EC2, of S3 and control policies apart: they bind others")
    several = [rulings(document, name) for name, document in documents.items()]
    unseen = dict.fromkeys(told for _, more in several for told in more)
    return kinds.pop(), [ruling for told, _ in several for ruling in told], list(unseen)


def _document(name: str, choices: Choices) -> Any:
    """The policy of a guardrail, or in a file. Raises DemarcateError where no call tells of such a policy."""
    from demarcate.base.documents import read
    from demarcate.base.encoding import from_json
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.filling import policies
    from demarcate.guardrails.load import load_guardrails
    from demarcate.guardrails.structs import UNTESTED

    if name not in load_guardrails():
        return read(Path(name), Any)
    guardrail = load_guardrails()[name]
    if guardrail.kind in UNTESTED:
        raise DemarcateError(f"{name} cannot be tested against calls: {UNTESTED[guardrail.kind]}")
    return from_json(policies([guardrail], choices)[0].text)


def _denials(names: list[str], choices: Choices) -> tuple[Kind, list[Denial], int]:
    """The kind of policies that are named by file or guardrail, their denials, and how many statements are none."""
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.denying import denials, kind_of

    denying: list[Denial] = []
    others = 0
    kinds: set[Kind] = set()
    for name in names:
        document = _document(name, choices)
        told, allowing = denials(document, name)
        kinds.add(kind_of(document))
        denying += (
            [replace(denial, name=f"{denial.name} of {name}") for denial in told] if len(names) > 1 else told
        )
        others += allowing
    if len(kinds) > 1:
        raise DemarcateError(
            "test policies for principals and policies for resources apart: they bind other calls"
        )
    return kinds.pop(), denying, others


def _named(ids: list[str]) -> list[Guardrail]:
    """The guardrails with these ids. Raises DemarcateError where there is none."""
    from demarcate.guardrails.load import load_guardrails

    for name in ids:
        options.known("guardrail", name, load_guardrails())
    return [load_guardrails()[name] for name in dict.fromkeys(ids)]


def _choices(values: list[str] | None, exempt: list[str] | None) -> Choices:
    """What is said of guardrails. Raises DemarcateError for what is no value, and for a name that no parameter has."""
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.filling import Choices
    from demarcate.guardrails.load import load_guardrails

    names = sorted({name for guardrail in load_guardrails().values() for name in guardrail.parameters})
    said: dict[str, tuple[str, ...]] = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        parts = tuple(part.strip() for part in value.split(",") if part.strip())
        if not equals or not parts:
            raise DemarcateError(f"--set takes NAME=VALUE or NAME=VALUE,VALUE, not {text!r}")
        options.known("parameter", name, names)
        said[name] = (*said.get(name, ()), *parts)
    for arn in exempt or ():
        if not arn.startswith("arn:") or arn.count(":") < 5:
            raise DemarcateError(
                f"--exempt takes the ARN of a principal, such as arn:aws:iam::*:role/Admin, not {arn!r}"
            )
        if ":assumed-role/" in arn:
            raise DemarcateError(
                f"{arn} is a session: name its role, such as arn:aws:iam::*:role/Admin (--exempt)"
            )
    return Choices(said, tuple(exempt or ()))


def _save(folder: Path, proposals: list[Proposal], choices: Choices, assessment: Assessment) -> None:
    """Write policies and conformance packs into a folder, and say so. Raises DemarcateError where that cannot be."""
    from demarcate.base.errors import DemarcateError
    from demarcate.guardrails.conformance import packs
    from demarcate.report import guardrails as report
    from demarcate.report.out import saving

    made = report.packed([proposal for proposal in proposals if proposal.proposed], choices)
    rules = packs(assessment.posture, assessment.checks)
    files = {f"{policy.kind}-{number}.json": policy.text + "\n" for number, policy in enumerate(made, 1)}
    files |= {f"conformance-pack-{number}.json": text for number, text in enumerate(rules.templates, 1)}
    for name, text in files.items():
        try:
            with saving(folder / name) as stream:
                stream.write(text)
        except OSError as error:
            raise DemarcateError(f"{folder / name}: cannot be written: {error.strerror or error}") from error
    say(f"{folder}: policies: {len(made)}; conformance packs: {len(rules.templates)}, with {rules.rules} rules")
    for name, why in rules.left_out.items():
        say(f"{name} is in no conformance pack: {why}")
