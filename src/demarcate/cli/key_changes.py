"""keys rotate, narrow, reencrypt, delete, cancel-deletion, retire-grants: what a key is to be, as changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import options
from demarcate.cli.collecting import say_missing
from demarcate.cli.planning import in_one_region, record_if_any
from demarcate.report.out import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from demarcate.base.errors import Problem
    from demarcate.changes.reach import Reach
    from demarcate.estate.sources.interface import Options

KeyName = Annotated[str, typer.Argument(metavar="KEY", help="A key: its ARN, id or alias.")]
Read = Annotated[
    list[str] | None,
    typer.Argument(metavar="SOURCE", help="What depends on it: aws (the default), or a snapshot."),
]


def verbs(group: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (rotate, narrow, reencrypt, delete):
        group.command()(verb)
    group.command("cancel-deletion")(cancel_deletion)
    group.command("retire-grants")(retire_grants)


def rotate(
    key: KeyName,
    days: Annotated[
        int | None,
        typer.Option(
            "--days", min=90, max=2560, help="Days between rotations; as it is, or 365, where not named."
        ),
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Rotate it once, on demand, instead.")] = False,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that has a key rotate by itself, or that rotates it now. Nothing is written to AWS.

    Exit codes: 0 done, or it is so already; 2 bad input, or a key that cannot rotate so.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.keys import changing

    if now and days is not None:
        raise DemarcateError("--now rotates once, and --days is for rotation by itself: say one of them")
    reach = _reach(profile, region, endpoint_url)
    change = changing.rotate(key, days, reach.caller.account, reach.caller.start, reach, now=now)
    record_if_any(change, key, reach, ledger, as_)


def narrow(
    key: KeyName,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Users, roles and keys: aws (the default), or a snapshot."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", metavar="FILE", help="The policy that it is to have, and not one by recorded use."
        ),
    ] = None,
    events: Annotated[
        list[Path] | None,
        typer.Option(
            "--events", metavar="FILE", help="What CloudTrail delivered, and not its history; repeatable."
        ),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=90, help="How far back CloudTrail's history is read.")
    ] = 90,
    accept_lockout: Annotated[
        bool, typer.Option("--accept-lockout", help="Also where somebody loses what they were recorded to use.")
    ] = False,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that narrows a key's policy, and say who loses what by it. Nothing is written to AWS.

    Without --policy, named principals keep what they were recorded to use the key for, and what administers it. Exit
    codes: 0 done, or it is so already; 2 bad input, a policy that is wider, or one that locks somebody out.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.selecting import live_snapshot
    from demarcate.keys import changing, narrowing
    from demarcate.keys.access import Identities
    from demarcate.keys.listing import key_named, keys_of
    from demarcate.keys.reading import of_access
    from demarcate.keys.recorded import used
    from demarcate.report import keys as report

    reach = in_one_region(profile, region, endpoint_url, changing.READS | narrowing.READS, "a key")
    arn, before = narrowing.policy_of(key, reach.caller.account, reach.caller.start, reach)
    how = _where(arn, profile, region, endpoint_url)
    problems: list[Problem] = []
    recorded = [each for each in used(_events(events, arn, how, days, problems)) if each.key == arn]
    for problem in problems:
        say(f"could not be read: {problem}")
    if policy is None and problems:
        raise DemarcateError(
            f"{arn}: what was recorded of its use could not all be read: name the policy (--policy)"
        )
    after = narrowing.proposed(before, recorded) if policy is None else _document(policy)
    with live_snapshot(sources or ["aws"], how, of_access()) as snapshot:
        told = narrowing.narrowed(key_named(keys_of(snapshot), arn), before, after, Identities(snapshot), recorded)
    report.say_losses(told, known=not problems, console=options.console())
    if told.locks_out and not accept_lockout:
        raise DemarcateError(*(f"{arn}: {each} (--accept-lockout)" for each in told.locks_out))
    record_if_any(narrowing.narrow(arn, told, reach), key, reach, ledger, as_)


def reencrypt(
    resource: Annotated[
        str,
        typer.Argument(
            metavar="RESOURCE", help="The ARN of a volume, snapshot, database, cluster, bucket, log group."
        ),
    ],
    key: Annotated[str, typer.Option("--key", metavar="KEY", help="The key that it is to be under.")],
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that puts a resource under another key, with its cost and outage. Nothing is written to AWS.

    What cannot change its key is copied beside the old one; what a person does before and after is told. Exit codes: 0
    done, or it is so already; 2 bad input.
    """
    from demarcate.keys import changing, reencrypting
    from demarcate.report import keys as report

    reach = in_one_region(profile, region, endpoint_url, changing.READS | reencrypting.READS, "a key")
    told = reencrypting.reencrypt(resource, key, reach.caller.account, reach.caller.start, reach)
    record_if_any(told.change, resource, reach, ledger, as_)
    report.say_reencryption(told, options.console())


def delete(
    key: KeyName,
    sources: Read = None,
    days: Annotated[int, typer.Option("--days", min=7, max=30, help="Days until it is gone for good.")] = 30,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that disables a key and schedules its deletion, with what still depends on it.

    Nothing is written to AWS. How much depends on it stands in the title, for whoever approves. It is applied only with
    --accept-lockout. Exit codes: 0 done, or it is so already; 2 bad input; 3 planned, but something that may
    depend on it could not be read.
    """
    from demarcate.changes.selecting import live_snapshot
    from demarcate.keys import changing, listing
    from demarcate.keys.reading import of_keys
    from demarcate.report import keys as report

    reach = _reach(profile, region, endpoint_url)
    how = _where(key, profile, region, endpoint_url)
    with live_snapshot(sources or ["aws"], how, of_keys()) as snapshot:
        told = listing.dependants(snapshot, key)
        report.say_dependants(*told, options.console())
        depends = report.in_short(*told[1:])
        change, left = changing.delete(key, days, reach.caller.account, reach.caller.start, reach, depends)
        record_if_any(change, key, reach, ledger, as_)
        if left:
            say(f"KMS waits for its replicas to be deleted, and counts the days from then: {left}")
        say_missing(snapshot, of_keys())


def cancel_deletion(
    key: KeyName,
    enable: Annotated[bool, typer.Option("--enable", help="Enable it, too: KMS leaves it disabled.")] = False,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that cancels the deletion of a key. Nothing is written to AWS.

    Exit codes: 0 done, or it is so already; 2 bad input.
    """
    from demarcate.keys import changing

    reach = _reach(profile, region, endpoint_url)
    change = changing.cancel_deletion(key, reach.caller.account, reach.caller.start, reach, enable=enable)
    record_if_any(change, key, reach, ledger, as_)


def retire_grants(
    key: KeyName,
    grant: Annotated[
        list[str], typer.Option("--grant", metavar="ID", help="A grant, as `keys grants` names it; repeatable.")
    ],
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that revokes grants of a key. Nothing is written to AWS.

    Services hold grants for what is in use, such as the volumes of a running instance: look at the grantee first.
    Undone, the same is granted again under another id. Exit codes: 0 done; 2 bad input.
    """
    from demarcate.keys import changing

    reach = _reach(profile, region, endpoint_url)
    change = changing.retire_grants(key, grant, reach.caller.account, reach.caller.start, reach)
    record_if_any(change, key, reach, ledger, as_)


def _reach(profile: str | None, region: list[str] | None, endpoint_url: str | None) -> Reach:
    from demarcate.keys.changing import READS

    return in_one_region(profile, region, endpoint_url, READS, "a key")


def _where(key: str, profile: str | None, region: list[str] | None, endpoint_url: str | None) -> Options:
    """How what depends on a key is read: in its region, where its ARN says which and none is named."""
    parts = key.split(":", 5)
    return options.options_of(profile, region or ([parts[3]] if len(parts) == 6 else None), endpoint_url)


def _events(
    files: list[Path] | None, arn: str, how: Options, days: int, problems: list[Problem]
) -> Iterator[Mapping[str, Any]]:
    """What CloudTrail recorded of a key: in files, or in its history."""
    from demarcate.guardrails.events import in_files, in_history

    if files:
        return in_files(files, problems.append)
    return in_history(how, days, problems.append, resource=arn)


def _document(file: Path) -> Any:
    """A policy of a file. Raises DocumentError for what is none."""
    from demarcate.base.documents import DocumentError, compose, plain, read_text

    document = plain(compose(read_text(file), str(file)), str(file))
    if not isinstance(document, dict) or "Statement" not in document:
        raise DocumentError("is no policy: expected an object with Statement", str(file), 1)
    return document
