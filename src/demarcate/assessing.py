"""The whole flow for one estate: collect what the checks need, judge it, and draw the posture."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from demarcate.base.errors import DemarcateError, Problem
from demarcate.checks.catalog import load_checks, select
from demarcate.checks.engine import judge
from demarcate.checks.judgement import NotRun
from demarcate.checks.structs import Check
from demarcate.checks.tagging import check_keys, tally_by_tag
from demarcate.estate.schema.rows import detail_of
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.collecting import asks, check_sources, collect_snapshot, everything
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection, Want
from demarcate.estate.sources.progress import Progress
from demarcate.estate.tables import all_tables
from demarcate.evidence.structs import Evidence, EvidenceResult, ReadEvidence
from demarcate.evidence.waivers import Known, ReadWaivers, WaiverRules, joined
from demarcate.model import Model, load
from demarcate.model.frameworks import Framework
from demarcate.posture.assess import assess_snapshot
from demarcate.posture.assessment import Assessment
from demarcate.posture.frameworks import along_frameworks, checks_of
from demarcate.posture.line import drawn_by, line_checks
from demarcate.posture.waivers import declared_in, read_waivers, waive


def assess_sources(
    sources: Sequence[str | Path],
    options: Options = Options(),
    *,
    checks: Iterable[str] | None = None,
    check_folders: Sequence[Path] = (),
    frameworks: Sequence[Framework] = (),
    evidence: Sequence[ReadEvidence] = (),
    waivers: Sequence[ReadWaivers] = (),
    rules: WaiverRules = WaiverRules(),
    tags: Sequence[str] = (),
    passes: bool = False,
    progress: Progress | None = None,
) -> Assessment:
    """Assess sources. `checks` are ids (all by default), `check_folders` hold checks of the user's own. Along
    `frameworks`, by the checks that speak of them where none is named.

    `evidence` gives evidence, which is weighed at the snapshot's moment; `tags` are the tag keys by whose values
    the posture is told as well. `waivers` gives waivers, which hold by `rules` on the snapshot's day, as those do that
    templates declare. With `passes`, what passes is kept as findings, too. `progress` is told how a live
    collection goes.

    Raises DemarcateError as `collect_snapshot`, `load_checks`, `select` and what gives evidence do.
    """
    check_keys(tags)
    check_sources(sources, options)  # before anything that takes long
    model = load()
    every = load_checks(check_folders, responsibilities=model.owed)
    if frameworks and checks is None:
        checks = sorted({id_ for framework in frameworks for id_ in checks_of(framework, every, model)})
    chosen = select(every, checks)
    live = asks(sources)
    deferred = [check for check in chosen.values() if live and checks is None and check.on_request]
    chosen = {name: check for name, check in chosen.items() if check not in deferred}
    known = Known(checks=every, responsibilities=model.owed, rules=rules)
    given = read_waivers(waivers, known)
    snapshot = collect_snapshot(
        sources,
        options,
        selection=selection_for(
            model,
            chosen.values(),
            live=live,
            named=checks is not None,
            tags=bool(tags) or any(waiver.scope.tags for waiver in given.waivers),
        ),
        progress=progress,
    )
    proven, refused = weighed(evidence, model, snapshot.moment.date())
    judgement = judge(snapshot, chosen.values(), counted=drawn_by(model, snapshot), passes=passes or bool(tags))
    snapshot = judgement.snapshot
    waived, refused_waivers = waive(judgement, joined(given, declared_in(snapshot, known)), chosen, every=every)
    posture = assess_snapshot(
        model,
        snapshot,
        chosen,
        judgement,
        not_run=[_not_asked(check) for check in deferred],
        evidence=proven,
        refused=refused,
        waivers=waived,
        refused_waivers=refused_waivers,
        named=checks is not None,
        tagged={key: tally_by_tag(snapshot, judgement, key) for key in tags},
    )
    assessment = Assessment(model, snapshot, chosen, judgement, posture)
    return along_frameworks(assessment, frameworks) if frameworks else assessment


def weighed(
    places: Sequence[ReadEvidence], model: Model, day: date
) -> tuple[Mapping[str, tuple[EvidenceResult, ...]], tuple[Problem, ...]]:
    """What evidence is worth on a day, by responsibility, and what of it could not be believed."""
    if not places:
        return {}, ()
    from demarcate.evidence.weigh import weigh

    given = [read(model, day) for read in places]
    evidence = Evidence(
        records=tuple(record for part in given for record in part.records),
        problems=tuple(problem for part in given for problem in part.problems),
    )
    return weigh(evidence, day), evidence.problems


def _not_asked(check: Check) -> NotRun:
    why = f"runs on a live account only when named (--check), since it takes {check.on_request}"
    return NotRun(check.id, why, Kind.ON_REQUEST)


def selection_for(
    model: Model, checks: Collection[Check], *, live: bool, named: bool, tags: bool = False
) -> Selection:
    """What assessing by these checks reads: what they use, and what tells where the line runs.

    Where the checks were `named`, where the line runs matters for their own responsibilities alone.
    """
    mine = {check.responsibility for check in checks}
    lines = [line for line in line_checks(model).values() if not named or line.responsibility in mine]
    selection = dict(selection_of([*checks, *lines], live=live, tags=tags))
    for name, shown in _SHOWN.items():
        if (asked := selection.get(name)) is not None:
            selection[name] = asked | shown
    return selection


_SHOWN: Final = {"aws_cloudwatch_alarm": frozenset(("name", "arn", "state_value", "state_updated_timestamp"))}
"""What reports show of tables that are read anyway, without a further call: which alarms rang."""


def selection_of(checks: Iterable[Check], *, live: bool, tags: bool = False) -> Selection:
    """The tables and columns that checks use, and the tags of what they judge: with `tags` all of these, else those
    that take no further call.

    What they read of other tables is wanted of those rows alone that they look for. In templates every table is read,
    since that costs nothing and tells which services there are.
    """
    columns: dict[str, set[Want]] = {} if live else {name: set() for name in all_tables()}
    for check in checks:
        tagged = tags or not live or tags_come_along(all_tables()[check.table])
        columns.setdefault(check.table, set()).update(
            (*check.columns, *check.shown, *(("tags",) if tagged else ()))
        )
        for name, used in check.lookups.items():
            named = check.named.get(name, ())
            columns.setdefault(name, set()).update(set(used).difference(of.column for of in named), named)
    return {name: frozenset(used) for name, used in columns.items()}


def tags_come_along(table: Table) -> bool:
    """Whether the answer that a row is made from has its tags, too."""
    column = table.column("tags")
    place = column.place("live") if column is not None else None
    return place is not None and detail_of(place.path) is None


def narrowed(
    tables: Iterable[str] = (),
    services: Iterable[str] = (),
    checks: Iterable[str] = (),
    check_folders: Sequence[Path] = (),
) -> Selection:
    """What to read where tables, all tables of services of the model, or what checks need, are named.

    Everything where nothing is. Raises DemarcateError for a name that does not exist.
    """
    model = load()
    names, whole = list(checks), set(tables)
    for service in services:
        if service not in model.service:
            near = difflib.get_close_matches(service, model.service, 1)
            raise DemarcateError(f"there is no service {service!r}{f'; did you mean {near[0]}?' if near else ''}")
        whole.update(model.service[service].tables)
    if not whole and not names:
        return everything()
    chosen = select(load_checks(check_folders, responsibilities=model.owed), names) if names else {}
    return {**selection_of(chosen.values(), live=True), **everything(sorted(whole))}
