"""Demarcate draws the line between what AWS secures and what you must, and shows whether your half is done.

    import demarcate

    posture = demarcate.assess("examples/estate")
    print(posture.summary)

Everything the command does goes through this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demarcate.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import boto3
    import pyarrow as pa

    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.sources.accounts import Accounts
    from demarcate.model import Model
    from demarcate.posture.assessment import Assessment
    from demarcate.posture.structs import Posture

__all__ = ["Accounts", "__version__", "assess", "collect", "evaluate", "load_model", "open_assessment"]


def __getattr__(name: str) -> Any:
    """`Accounts`, when it is first asked for: the command has this module loaded before it hears any signal."""
    if name == "Accounts":
        from demarcate.estate.sources.accounts import Accounts

        return Accounts
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_model() -> Model:
    """The shared responsibility model: areas, services, responsibilities of both parties, tools and practices.

    >>> model = load_model()
    >>> model.responsibility["encryption.enable-at-rest"].party
    'customer'
    """
    from demarcate.model import load

    return load()


def collect(
    source: str | Path,
    *,
    session: boto3.Session | None = None,
    regions: Sequence[str] | None = None,
    accounts: Accounts | None = None,
    tables: Iterable[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Snapshot:
    """Collect an estate: all rows that a source has, and a record of what could not be read.

    `source` is the path of a template, of a folder of templates or of a snapshot, or `"aws"` for the account
    of `session` (any boto3 session; by default the credentials that boto3 finds) in `regions` (by default all
    that are enabled). `accounts` says which other accounts are read, such as all of the organization.
    `tables` limits what is read, `parameters` are values for the templates' parameters.

    The snapshot lives in a temporary folder as long as the object does. Raises DemarcateError where the
    source cannot be read at all; what is merely missing is in `snapshot.unread`.

    >>> snapshot = collect("examples/estate", tables=["aws_s3_bucket"])
    >>> snapshot.manifest.source
    'cloudformation'
    """
    from demarcate.estate.sources.collecting import collect_snapshot, everything
    from demarcate.estate.sources.interface import Options

    return collect_snapshot(
        [source],
        Options(session=session, regions=tuple(regions or ()), accounts=accounts, parameters=parameters),
        selection=everything(tables),
    )


def evaluate(snapshot: Snapshot, checks: Iterable[str] | None = None, passes: bool = False) -> pa.Table:
    """Judge a snapshot: a row for each resource that fails a check or cannot be judged by it.

    `checks` are ids; all by default. With `passes`, what passes is a row as well. The columns are `id, check,
    verdict, resource, account, region, reason, kind, severity, responsibility, table, file, line, partition, type,
    name, tags, waived`; `id` is the finding's identity, the same whenever it is judged, `verdict` is `pass`, `fail` or
    `unknown`, `kind` why it is unknown (None where it is not), and `resource` the ARN, or the logical id in a
    template (None where a whole table could not be read). `waived` is None here: nothing is.

    Raises DemarcateError for an id that does not exist, and without pyarrow (`demarcate[arrow]`).

    >>> findings = evaluate(collect("examples/estate"), checks=["ebs-volume-encrypted"])
    >>> set(findings["verdict"].to_pylist()) <= {"fail", "unknown"}
    True
    """
    from demarcate.checks.catalog import load_checks, select
    from demarcate.checks.engine import judge

    return judge(snapshot, select(load_checks(), checks).values(), passes=passes).to_arrow()


def assess(
    source: str | Path,
    *,
    session: boto3.Session | None = None,
    regions: Sequence[str] | None = None,
    accounts: Accounts | None = None,
    parameters: Mapping[str, Any] | None = None,
    checks: Iterable[str] | None = None,
    evidence: str | Path | None = None,
    waivers: str | Path | None = None,
) -> Posture:
    """The posture of an estate: for every responsibility whose it is, and whether it is met.

    `source`, `session`, `regions`, `accounts` and `parameters` as in `collect`, `checks` as in `evaluate`;
    `evidence` is a folder of what people did and what AWS attests, `waivers` a file of what is accepted. Only what the
    checks need is read, and a check that takes a call for each resource of a live account runs there only when it is
    named.

    >>> posture = assess("examples/estate")
    >>> posture.summary.owed == posture.summary.met + posture.summary.gaps + posture.summary.unproven
    True
    """
    from pathlib import Path

    from demarcate.assessing import assess_sources
    from demarcate.estate.sources.interface import Options
    from demarcate.evidence.load import folder_evidence
    from demarcate.evidence.waivers import file_waivers

    return assess_sources(
        [source],
        Options(session=session, regions=tuple(regions or ()), accounts=accounts, parameters=parameters),
        checks=checks,
        evidence=[folder_evidence(Path(evidence))] if evidence is not None else (),
        waivers=[file_waivers(Path(waivers))] if waivers is not None else (),
    ).posture


def open_assessment(folder: str | Path) -> Assessment:
    """An assessment that `demarcate assess --save` kept: posture, findings, checks, model and snapshot.

    Close it, or use it in `with`. Raises DemarcateError where it is damaged or of a newer version.
    """
    from pathlib import Path

    from demarcate.posture.kept import open_assessment

    return open_assessment(Path(folder))
