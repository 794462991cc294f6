"""Options that several verbs share, spelled once. AWS's are spelled as the AWS CLI spells them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from demarcate.base.settings import Configuration, Settings
from demarcate.cli import completing
from demarcate.report.out import data, say
from demarcate.report.reports import ENDS, FORMATS

if TYPE_CHECKING:
    from datetime import datetime

    from demarcate.estate.snapshots.manifest import Unread
    from demarcate.estate.sources.accounts import Accounts
    from demarcate.estate.sources.interface import Options
    from demarcate.model.frameworks import Framework
    from demarcate.posture.assessment import Assessment
    from demarcate.posture.news import Side
    from demarcate.report.console import Console

T = TypeVar("T")

SOURCES = (
    "aws; a template or a folder of templates, several being one estate; a plan or state of Terraform, as terraform "
    "show -json prints it; - for a template or plan that is piped in; cdk.out; a snapshot; or what AWS Config "
    "recorded: its files, s3://BUCKET/PREFIX, or config:AGGREGATOR."
)

LEDGER = "ledger"
"""What is given for the ledger in the place of an evidence folder."""

UNREAD = 3
"""The exit code of what is done, though something could not be read."""

Sources = Annotated[list[str], typer.Argument(metavar="SOURCE", help=SOURCES)]
Profile = Annotated[str | None, typer.Option(help="The AWS profile to use.")]
Regions = Annotated[
    list[str] | None, typer.Option("--region", help="A region to read; repeatable. Default: all enabled ones.")
]
Endpoint = Annotated[str | None, typer.Option("--endpoint-url", help="Call this URL instead of AWS.")]
Organization = Annotated[
    bool, typer.Option("--org", help="Read all active accounts of the organization of the credentials.")
]
AccountIds = Annotated[
    list[str] | None,
    typer.Option(
        "--account", metavar="ID", help="Read this account; repeatable. With --org: only this one of it."
    ),
]
RoleName = Annotated[
    str | None,
    typer.Option(
        "--role-name",
        metavar="NAME",
        help="The role to assume in other accounts. Default: OrganizationAccountAccessRole.",
    ),
]
ExternalId = Annotated[
    str | None, typer.Option("--external-id", metavar="ID", help="The external id that the role asks for.")
]
Parameters = Annotated[
    Path | None, typer.Option("--parameters", help="A file with values for the templates' parameters.")
]
CheckFolders = Annotated[
    list[Path] | None, typer.Option("--checks", help="A folder with checks of your own; repeatable.")
]

Frameworks = Annotated[
    list[str] | None,
    typer.Option(
        "--framework",
        metavar="ID",
        help="Tell how the requirements of this framework stand; repeatable. demarcate frameworks list shows all.",
        autocompletion=completing.frameworks,
    ),
]
EvidencePlaces = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="DIR|ledger",
        help="A folder with what people did and what AWS attests, or the ledger; repeatable.",
    ),
]
WaiverPlaces = Annotated[
    list[str] | None,
    typer.Option(
        "--waivers",
        metavar="FILE|ledger",
        help="A file of waivers, or the ledger: what is accepted until a day; repeatable.",
    ),
]
LedgerPlace = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="FILE|URL",
        help="The ledger: a file, or postgresql://…. Default: ledger.sqlite in your data folder.",
    ),
]
Person = Annotated[
    str | None, typer.Option("--as", metavar="EMAIL", help="Who you are. Default: git's user.email.")
]

ApplyRole = Annotated[
    str | None,
    typer.Option("--apply-role", metavar="NAME", help="The role to assume in each account that is changed."),
]
Policies = Annotated[
    Path | None,
    typer.Option("--policies", metavar="FILE", help="Who must approve what, and when. Default: another person."),
]

MaxRows = Annotated[int, typer.Option("--max-rows", min=1, help="How many rows it may give.")]
MaxSeconds = Annotated[
    float, typer.Option("--max-seconds", metavar="SECONDS", min=0.1, help="How long it may run.")
]
MaxMemory = Annotated[int, typer.Option("--max-memory", min=100, help="How many megabytes of memory it may take.")]


class Format(StrEnum):
    """Output for people, or for programs."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


ReportFormat = StrEnum(  # type: ignore[misc]
    "ReportFormat", [format.id for format in FORMATS.values() if not format.binary]
)
"""Formats of the assessment's report that are text."""

FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        help="Exit with 1 where something this severe or worse fails.",
        autocompletion=completing.severities,
    ),
]


def _families(names: Iterable[str]) -> list[str]:
    """Names as help shows them: where lines are broken, a name with a hyphen would be, too.

    >>> _families(["csv", "oscal-poam", "oscal-ssp"])
    ['csv', 'oscal-*']
    """
    return list(dict.fromkeys(f"{name.partition('-')[0]}-*" if "-" in name else name for name in names))


Reported = Annotated[
    ReportFormat,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"What is printed, for people or for programs: {', '.join(_families(ReportFormat))}.",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Print the whole report, and not what fits on one screen.")]
ReportFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--out",
        metavar="[FORMAT=]FILE",
        help=f"Write a report there, too: {', '.join(ENDS)}, or FORMAT=FILE; repeatable.",
    ),
]
Passes = Annotated[
    bool, typer.Option("--passes", help="List what passes, too, where the format lists findings one by one.")
]
Since = Annotated[
    Path | None,
    typer.Option(
        "--since",
        metavar="DIR|FILE",
        help="Say what is new and fixed since an earlier assessment: what --save kept (also s3://…), or a JSON report.",
    ),
]
FindingsOf = Annotated[
    list[Path] | None,
    typer.Option(
        "--findings-of",
        metavar="FILE",
        help="Lay what another tool found, as JSON, beside what is found here (as compare does); repeatable.",
    ),
]
New = Annotated[bool, typer.Option("--new", help="With --fail-on and --since: only what is new counts.")]
DriftFile = Annotated[
    Path | None,
    typer.Option(
        "--drift", metavar="FILE", help="Show drift in the HTML report, too: what drift --out FILE.json wrote."
    ),
]


_held: list[Configuration] = [Configuration(Settings())]


def hold(configuration: Configuration) -> None:
    """Have the settings hold in this run."""
    _held[:] = [configuration]


def held() -> Configuration:
    """The settings that hold in this run."""
    return _held[-1]


def asked(**values: Any) -> bool:
    """Whether any option is given with the command, and not by a setting of the same value."""
    return any(value and not _is_set(name, value) for name, value in values.items())


def _is_set(name: str, value: Any) -> bool:
    setting = getattr(held().settings, name, None)
    if isinstance(value, list):
        return list(map(type(value[0]), setting or ())) == value
    return setting is not None and type(value)(setting) == value


def options_of(
    profile: str | None,
    region: list[str] | None,
    endpoint_url: str | None,
    parameters: Path | None = None,
    *,
    accounts: Accounts | None = None,
    as_of: str | None = None,
    resume: bool = False,
) -> Options:
    """How sources are to be read. Raises DemarcateError for a parameter file and a moment that are none."""
    from demarcate.estate.sources.interface import Options

    settings = held().settings
    preset = {
        "profile": not asked(profile=profile),
        "regions": not asked(region=region),
        "endpoint_url": not asked(endpoint_url=endpoint_url),
        "parameters": not asked(parameters=parameters),
        "accounts": accounts and (accounts.organization, accounts.only) == (bool(settings.org), settings.account),
    }
    return Options(
        preset=frozenset({"max_resources", *(name for name, is_preset in preset.items() if is_preset)}),
        max_resources=settings.max_resources,
        profile=profile,
        regions=tuple(region or ()),
        endpoint_url=endpoint_url,
        accounts=accounts,
        parameters=parameters_of(parameters),
        moment=moment_of(as_of),
        resume=resume,
    )


def kept(sources: list[str], **others: Any) -> Assessment | None:
    """The kept assessment that is named in the place of a source; None where none is.

    Raises DemarcateError where it cannot be opened, and where an option says how to read or judge it.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.posture.kept import is_assessment, open_assessment

    folders = [Path(name) for name in sources if is_assessment(Path(name))]
    if not folders:
        return None
    if len(sources) > 1:
        raise DemarcateError(f"{folders[0]} is a kept assessment: name it alone")
    check_alone(folders[0], **others)
    assessment = open_assessment(folders[0])
    if assessment.of_lake:
        raise DemarcateError(
            f"{folders[0]} is the assessment of a lake, which has no rows of resources: report it, or name the "
            "snapshot of an account"
        )
    return assessment


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Assessment]:
    """A kept assessment, of a folder or at `s3://…`, for as long as it is used. Raises DemarcateError."""
    from demarcate.lake.kept import at_hand
    from demarcate.posture.kept import open_assessment

    with at_hand(folder) as here, open_assessment(here) as assessment:
        yield assessment


def earlier(path: Path, endpoint: str | None = None, region: str | None = None) -> Side:
    """An assessment as a side of what is new: kept in a folder or at `s3://…`, or a report. Raises DemarcateError."""
    from demarcate.lake.kept import at_hand
    from demarcate.posture.earlier import earlier as read

    with at_hand(path, endpoint, region) as here:
        return read(here)


def check_alone(folder: Path, **others: Any) -> None:
    """Refuse options beside a kept assessment, which has been made without them. Raises DemarcateError."""
    from demarcate.base.errors import DemarcateError

    if asked(**others):
        raise DemarcateError(f"{folder} is a kept assessment: leave the options about reading and judging out")


def or_live(sources: list[str] | None) -> list[str]:
    """The sources that are named, or live AWS where none is."""
    return sources or ["aws"]


def check_not_kept(sources: list[str]) -> None:
    """Refuse a kept assessment where something is to be read and judged. Raises DemarcateError."""
    from demarcate.base.errors import DemarcateError
    from demarcate.posture.kept import is_assessment

    for name in sources:
        if is_assessment(Path(name)):
            raise DemarcateError(
                f"{name} is a kept assessment: report it (demarcate report {name}), or name the snapshot that it is of"
            )


def reading_of(
    profile: str | None,
    region: list[str] | None,
    endpoint_url: str | None,
    org: bool,
    account: list[str] | None,
    role_name: str | None,
    external_id: str | None,
    parameters: Path | None = None,
    *,
    as_of: str | None = None,
    resume: bool = False,
) -> Options:
    """How sources are to be read, in the accounts that are meant. Raises DemarcateError as the two below it do."""
    accounts = accounts_of(org, account, role_name, external_id)
    return options_of(profile, region, endpoint_url, parameters, accounts=accounts, as_of=as_of, resume=resume)


def accounts_of(
    org: bool, account: list[str] | None, role_name: str | None, external_id: str | None
) -> Accounts | None:
    """The accounts that are meant; None where no option names any. Raises DemarcateError as `Accounts` does."""
    from demarcate.base.errors import DemarcateError
    from demarcate.estate.sources.accounts import ROLE, Accounts

    if not org and not account:
        if asked(role_name=role_name, external_id=external_id):
            raise DemarcateError("name the accounts in which a role is to be assumed: --org, or --account")
        return None
    return Accounts(org, tuple(account or ()), ROLE if role_name is None else role_name, external_id)


def frameworks_of(ids: list[str] | None) -> list[Framework]:
    """The frameworks that are named, each once. Raises DemarcateError for one that does not exist."""
    from demarcate.model.frameworks import framework

    return [framework(id_) for id_ in dict.fromkeys(ids or ())]


def parameters_of(path: Path | None) -> dict[str, Any] | None:
    """The values of a parameter file."""
    if path is None:
        return None
    from demarcate.estate.sources.cloudformation.templates import read_parameters

    return read_parameters(path)


def moment_of(text: str | None) -> datetime | None:
    """The moment of a date (its end, UTC) or of a date and time. Raises DemarcateError for anything else."""
    if text is None:
        return None
    from datetime import datetime, time

    from demarcate.base.errors import DemarcateError
    from demarcate.base.moments import utc

    try:
        moment = datetime.fromisoformat(text)
        if len(text) <= len("2026-11-23"):
            moment = datetime.combine(moment.date(), time(23, 59, 59))
        return utc(moment)
    except ValueError as error:
        raise DemarcateError(f"--as-of takes a date such as 2026-11-23, not {text!r}") from error


def check_severity(fail_on: str | None) -> None:
    """Refuse what is no severity. Raises DemarcateError."""
    from demarcate.base.errors import DemarcateError
    from demarcate.checks.structs import SEVERITIES

    if fail_on is not None and fail_on not in SEVERITIES:
        raise DemarcateError(f"--fail-on takes one of {', '.join(SEVERITIES)}, not {fail_on!r}")


def known(what: str, name: str | None, names: Iterable[str]) -> None:
    """Refuse a name that is not one of those. Raises DemarcateError that says which there are."""
    if name is None or name in names:
        return
    import difflib

    from demarcate.base.errors import DemarcateError

    there = list(names)
    near = difflib.get_close_matches(name, there, 1)
    listed = f" (there are: {', '.join(there)})" if len(there) <= 20 else f" among the {len(there)} that there are"
    hint = f"; did you mean {near[0]}?" if near else listed
    raise DemarcateError(f"there is no {what} {name!r}{hint}")


def format_of(path: Path, formats: Mapping[str, T]) -> T:
    """The format that a file's name asks for, by its suffix, the longest of several (`.oscal.json` before `.json`).

    Raises DemarcateError where it asks for none.
    """
    from demarcate.base.errors import DemarcateError

    for suffix in sorted(formats, key=len, reverse=True):
        if path.name.endswith(suffix) and path.name != suffix:
            return formats[suffix]
    raise DemarcateError(f"{path}: its name says no format: end it with {', '.join(formats)}")


def console() -> Console:
    """The terminal, or 80 columns without colour where there is none."""
    from demarcate.report.console import Console

    return Console(data())


def say_unread(unread: Iterable[Unread]) -> None:
    """Tell people what could not be read."""
    from demarcate.report.unread import lines

    for told in lines(unread):
        say(f"could not be read: {told}")
