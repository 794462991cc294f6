"""policy: what a policy says, how far it reaches, what is wrong with it, and what comes of a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data

if TYPE_CHECKING:
    from demarcate.access.callers import Own
    from demarcate.access.linting import Complaint
    from demarcate.access.statements import Policy, PolicyKind
    from demarcate.permitted.declared import Declared
    from demarcate.report.policies import Compared


class Kind(StrEnum):
    """What a policy is attached to."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    KEY = "key"
    SESSION = "session"
    BOUNDARY = "boundary"
    SCP = "scp"
    RCP = "rcp"
    VPC_ENDPOINT = "vpc-endpoint"
    ACCESS_POINT = "access-point"


File = Annotated[
    Path, typer.Argument(metavar="FILE", help="A policy document, as JSON or YAML; or a template, for all in it.")
]
Of = Annotated[
    Kind | None,
    typer.Option(
        "--kind", help="What it is attached to. Default: resource where it names principals, else identity."
    ),
]
Account = Annotated[str, typer.Option("--account", metavar="ID", help="The account that the policy belongs to.")]
Organization = Annotated[
    str, typer.Option("--organization", metavar="ID", help="The organization of that account: o-….")
]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]

GAINED = 1
"""The exit code where somebody gains, or a policy is wrong, or a request is not allowed."""


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="What a policy says, and how far it reaches.", no_args_is_help=True)
    group.command("explain")(explain)
    group.command("lint")(lint)
    group.command("diff")(diff)
    group.command("simulate")(simulate)
    app.add_typer(group, name="policy")


def explain(
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|ARN", help="A policy document; or the ARN of a role, a bucket, a key, …."),
    ],
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Where an ARN is looked up. Default: aws.")
    ] = None,
    kind: Of = None,
    account: Account = "",
    organization: Organization = "",
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Say each statement of a policy in a sentence, how far it reaches, and a request that gets in.

    Of an ARN, every policy is told that has a say for it: a role's own, its trust policy and boundary, the policy of a
    bucket or key, and the control policies above. Exit codes: 0 done; 2 bad input; 3 something could not be read.
    """
    from demarcate.access.reach import reading
    from demarcate.base.errors import DemarcateError
    from demarcate.report import policies as report

    if not what.startswith("arn:"):
        if sources:
            raise DemarcateError(f"{what}: a source is for an ARN (arn:…), and not for a file")
        if _declares(Path(what)):
            _only_for_documents(kind, account, organization)
            with _declared(Path(what), parameters) as told_of:
                every = [
                    (each.named.name, each.kind, each.named.policy,
                     reading(each.named.policy, each.kind, each.own, each.service))
                    for each in told_of
                ]  # fmt: skip
            report.write_explained(every, format.value, data(), options.console())
            return
        policy, _ = _read(Path(what))
        of = _kind(policy, kind)
        told = reading(policy, of, _own(account, organization), _service(policy))
        report.write_explained([(what, of, policy, told)], format.value, data(), options.console())
        return
    if kind is not None or account or organization:
        raise DemarcateError("--kind, --account and --organization are for a file: of an ARN they are read")
    from demarcate.cli.collecting import collected, say_missing
    from demarcate.estate.sources.collecting import asks
    from demarcate.permitted.asking import Policies
    from demarcate.permitted.explaining import needed_to_explain, policies_about
    from demarcate.permitted.resources import of_identities

    selection = needed_to_explain(what)
    if sources and not asks(sources):  # whom and what a template names is declared beside it
        selection = {**selection, **of_identities()}
    how = options.options_of(profile, region, endpoint_url, parameters)
    with collected(sources, selection, how) as snapshot, Policies(snapshot) as policies:
        said = [(each.name, each.kind, each.policy, each.reading) for each in policies_about(policies, what)]
        report.write_explained(said, format.value, data(), options.console())
        say_missing(snapshot, selection)


def lint(
    file: File,
    kind: Of = None,
    account: Account = "",
    organization: Organization = "",
    format: Written = Format.TEXT,
) -> None:
    """Say what AWS refuses of a policy, what can never match, and what is wider than it looks.

    Exit codes: 0 nothing; 1 something; 2 bad input.
    """
    from demarcate.access.linting import complaints
    from demarcate.report import policies as report

    if _declares(file):
        _only_for_documents(kind, account, organization)
        with _declared(file, None) as policies:
            wrong = [(each.named.name, complaint) for each in policies for complaint in _complaints(each)]
    else:
        policy, document = _read(file)
        of = _kind(policy, kind)
        told = complaints(document, policy, of, _own(account, organization), _service(policy))
        wrong = [(str(file), complaint) for complaint in told]
    report.write_linted(str(file), wrong, format.value, data(), options.console())
    if wrong:
        raise typer.Exit(GAINED)


def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A policy document, or a template.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="What takes its place.")],
    kind: Of = None,
    account: Account = "",
    organization: Organization = "",
    format: Written = Format.TEXT,
    parameters: options.Parameters = None,
) -> None:
    """Say who gains and who loses where one policy takes the place of another, each with a request.

    Of two templates, all policies are compared by whatever has them: what a user or role has counts together. Exit
    codes: 0 nobody gains; 1 somebody does, or may; 2 bad input.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.report import policies as report

    templates = _declares(before), _declares(after)
    if all(templates):
        _only_for_documents(kind, account, organization)
        told = _changes(before, after, parameters)
    elif any(templates):
        raise DemarcateError(
            f"{before} and {after}: a template is compared with a template, a policy with a policy"
        )
    else:
        told = _of_documents(before, after, kind, _own(account, organization))
    report.write_compared(told, format.value, data(), options.console())
    if any(not each.loses for each in told):
        raise typer.Exit(GAINED)


def _changes(before: Path, after: Path, parameters: Path | None) -> list[Compared]:
    from demarcate.permitted.declared import changes
    from demarcate.report.policies import Compared

    with _declared(before, parameters) as old, _declared(after, parameters) as new:
        return [Compared(each.policy, each.gain, each.loses, each.whoever) for each in changes(old, new)]


def _of_documents(before: Path, after: Path, kind: Kind | None, own: Own) -> list[Compared]:
    from demarcate.access.comparing import gained
    from demarcate.report.policies import Compared

    (old, _), (new, _) = _read(before), _read(after)
    of = _kind(new if new.statements else old, kind)
    whoever = "" if of.names_principals else "whoever has it"
    gains = [Compared(str(after), each, whoever=whoever) for each in gained(old, new, of, own, _service(new))]
    losses = gained(new, old, of, own, _service(old))
    return gains + [Compared(str(before), each, loses=True, whoever=whoever) for each in losses]


def simulate(
    file: File,
    principal: Annotated[
        str,
        typer.Option(
            "--principal",
            metavar="WHO",
            help="Who asks: an ARN, an account, a service, anonymous; or federated: and a provider.",
        ),
    ] = "anonymous",
    action: Annotated[str, typer.Option("--action", metavar="SERVICE:NAME", help="What is asked for.")] = "",
    resource: Annotated[str, typer.Option("--resource", metavar="ARN", help="On what.")] = "",
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            metavar="KEY=VALUE",
            help="A condition key of the request; KEY= for one it lacks; repeatable.",
        ),
    ] = None,
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="All of it: a witness as JSON.")
    ] = None,
    kind: Of = None,
    format: Written = Format.TEXT,
) -> None:
    """Say what a policy makes of one request, and which statements decide that.

    Exit codes: 0 allowed; 1 not; 2 bad input; 3 not known.
    """
    from demarcate.access.evaluating import Outcome, decide
    from demarcate.report import policies as report

    policy, _ = _read(file)
    asked = _request(request, principal, action, resource, context or [])
    decision = decide(policy, asked, _kind(policy, kind))
    report.write_decided(str(file), asked, decision, format.value, data(), options.console())
    if decision.outcome is Outcome.UNKNOWN:
        raise typer.Exit(options.UNREAD)
    if decision.outcome is not Outcome.ALLOWED:
        raise typer.Exit(GAINED)


# --- templates ----------------------------------------------------------------------------------------------

_TEMPLATE = frozenset(("Resources", "AWSTemplateFormatVersion", "planned_values", "values", "terraform_version"))
"""What a template, a plan or a state has at its top."""


def _declares(file: Path) -> bool:
    """Whether it is a template, a plan or a folder of templates, and no policy document."""
    import yaml

    from demarcate.base.documents import compose, read_text

    if file.is_dir():
        return True
    node = compose(read_text(file), str(file))
    names = {key.value for key, _ in node.value} if isinstance(node, yaml.MappingNode) else set()
    return "Statement" not in names and not names.isdisjoint(_TEMPLATE)


def _only_for_documents(kind: Kind | None, account: str, organization: str) -> None:
    from demarcate.base.errors import DemarcateError

    if kind is not None or account or organization:
        raise DemarcateError("--kind, --account and --organization are for a policy: of a template they are read")


@contextmanager
def _declared(file: Path, parameters: Path | None) -> Iterator[list[Declared]]:
    """All policies of a template."""
    from demarcate.cli.collecting import collected
    from demarcate.permitted.asking import Policies
    from demarcate.permitted.declared import all_policies, needed

    how = options.options_of(None, None, None, parameters)
    with collected([str(file)], needed(), how) as snapshot, Policies(snapshot) as policies:
        yield list(all_policies(policies))


def _complaints(declared: Declared) -> Iterator[Complaint]:
    """What is wrong with a policy of a template; nothing of what others say, which was not read."""
    from demarcate.access.linting import complaints
    from demarcate.estate.schema.unknown import Kind as Why

    policy = declared.named.policy
    if policy.unknown is None or policy.unknown.kind is not Why.NOT_COLLECTED:
        document = {"Version": "2012-10-17"} if policy.variables else {}
        yield from complaints(document, policy, declared.kind, declared.own, declared.service)


# --- what is given ----------------------------------------------------------------------------------------


def _read(file: Path) -> tuple[Policy, Any]:
    """A policy document of a file, with the lines of its statements. Raises DocumentError for what is none."""
    from demarcate.access.statements import Policy
    from demarcate.base.documents import DocumentError, compose, line_of, node_at, plain, read_text

    name = str(file)
    node = compose(read_text(file), name)
    document = plain(node, name)
    if not isinstance(document, dict) or "Statement" not in document:
        raise DocumentError("is no policy: expected an object with Statement", name, 1)
    items = document["Statement"]
    numbers: list[list[str | int]] = [["Statement"]]
    if isinstance(items, list):
        numbers = [["Statement", number] for number in range(len(items))]
    nodes = [node_at(node, steps) for steps in numbers]
    lines = tuple(1 if begin is None else line_of(begin) for begin in nodes)
    return Policy.of(document, lines), document


def _kind(policy: Policy, kind: Kind | None) -> PolicyKind:
    from demarcate.access.statements import PolicyKind

    if kind is not None:
        return PolicyKind(kind.value)
    named = any(said.principals.given or said.not_principals.given for said in policy.statements)
    return PolicyKind.RESOURCE if named else PolicyKind.IDENTITY


def _own(account: str, organization: str) -> Own:
    from demarcate.access.callers import Own
    from demarcate.base.arn import is_account_id
    from demarcate.base.errors import DemarcateError

    if account and not is_account_id(account):
        raise DemarcateError(f"--account {account!r} is no account: expected 12 digits")
    return Own(account, organization)


def _service(policy: Policy) -> str:
    """The service whose actions a policy is about, where it is one alone."""
    names = {text.partition(":")[0] for said in policy.statements for text in said.actions.known if text != "*"}
    return names.pop() if len(names) == 1 and names.isdisjoint(("", "*")) else ""


def _request(file: Path | None, principal: str, action: str, resource: str, context: list[str]) -> Any:
    """The request that is asked about. Raises DemarcateError for what is none."""
    from demarcate.access.asked import check_action, named_principal, parts_of
    from demarcate.access.evaluating import Request
    from demarcate.base.documents import read
    from demarcate.base.errors import DemarcateError

    given: Any = {"principal": principal, "action": action, "resource": resource, "context": {}}
    if file is not None:
        given = read(file, Any)
    elif not action:
        raise DemarcateError("which action? give --action SERVICE:NAME, or --request FILE")
    try:
        made = Request.of(given)
    except (KeyError, TypeError, AttributeError):
        raise DemarcateError(f"{file}: is no request: expected principal, action, resource and context") from None
    if file is None:  # a witness has names that stand for others
        check_action(action)
        named_principal(principal)
        if resource.startswith("arn:"):
            parts_of(resource)
    more: dict[str, list[str]] = {}
    for text in context:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise DemarcateError(
                f"--context {text!r}: expected KEY=VALUE, or KEY= for a key that the request lacks"
            )
        more.setdefault(key.lower(), []).append(value)
    told = {key: None if values == [""] else tuple(values) for key, values in more.items()}
    return Request(made.who, made.action, made.resource, {**made.context, **told})
