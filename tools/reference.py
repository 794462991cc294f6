"""The reference pages, written from the data: `python -m tools.reference docs/reference`.

Beside that folder it writes the picture of the model and the summary. The same data gives the same pages, so that
a test can hold the committed ones to what they would be now.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from demarcate.base.files import write_whole
from demarcate.checks.catalog import load_checks
from demarcate.checks.facts import facts_of
from demarcate.checks.structs import Check
from demarcate.cli import app
from demarcate.estate.schema.table import COMMON, UNSET, Column, Table
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.describing import shown, sources_of
from demarcate.estate.sources.registry import TELLING
from demarcate.estate.tables import all_tables
from demarcate.model import Model, Responsibility, Service, When, load
from demarcate.permitted import guarding
from demarcate.permitted import table as who_may
from demarcate.report import json_report, summary
from demarcate.report.halves import PARTIES
from demarcate.report.pictures.collaboration import collaboration
from demarcate.report.pictures.drawio import drawio
from demarcate.report.pictures.png import png
from demarcate.report.pictures.svg import svg
from demarcate.report.safe import json_text, markdown, one_line
from tools.helps import helps

SERVICES = "services/"
"""The folder of the pages of services, as pages beside it lead into it."""

_GENERATED = "<!-- Written by `make docs` from the data. Do not edit: the next run would undo it. -->"


def pages(app: typer.Typer) -> dict[str, str]:
    """All reference pages, by file name. `app` is the command, whose help is one of them."""
    model = load()
    checks = load_checks(responsibilities=model.owed)
    return {
        "model.md": _page(_model(model, checks)),
        "tables.md": _page(_tables()),
        "checks.md": _page(_checks(model, checks)),
        **{f"{SERVICES}{name}": text for name, text in _services(model, checks).items()},
        "kinds.md": _page(_kinds()),
        "command.md": _page(_command(app)),
        "report.schema.json": json_text(json_report.schema(), indent=True) + "\n",
    }


def pictures() -> dict[str, bytes]:
    """The picture of the model in each format, and the summary, by file name."""
    model = load()
    drawing = collaboration(model)
    return {
        "diagram.svg": svg(drawing).encode(),
        "diagram.png": png(drawing),
        "diagram.drawio": drawio(drawing).encode(),
        "summary.md": f"{_GENERATED}\n\n{summary.markdown(model)}".encode(),
    }


def write(folder: Path, app: typer.Typer) -> None:
    """Write all pages into a folder, and remove those of services that are no more. Raises OSError."""
    files = {name: text.encode() for name, text in pages(app).items()}
    (folder / SERVICES).mkdir(parents=True, exist_ok=True)
    _write(folder, files)
    for path in (folder / SERVICES).glob("*.md"):
        if f"{SERVICES}{path.name}" not in files:
            path.unlink()


def write_pictures(folder: Path) -> None:
    """Write the pictures and the summary into a folder. Raises OSError."""
    _write(folder, pictures())


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        write_whole(folder / name, data)


# --- Markdown -------------------------------------------------------------------------------------------


def _page(lines: Iterable[str]) -> str:
    """A page. Its heading is first: the site takes its title from there."""
    heading, *rest = lines
    return "\n".join([heading, "", _GENERATED, *rest]).rstrip("\n") + "\n"


def _code(text: str) -> str:
    """Text as code, on one line, in a table's cell as well."""
    text = one_line(text).replace("|", "\\|")
    if not text:
        return ""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))


def _sql(text: str) -> list[str]:
    return ["```sql", *text.strip().splitlines(), "```"]


def _heading(level: int, text: str) -> list[str]:
    """A heading of an id, with an anchor of that same name."""
    return ["", f'{"#" * level} <a id="{text}"></a>{_code(text)}', ""]


def _link(text: str, page: str = "") -> str:
    return f"[{_code(text)}]({page}#{text})"


def _to_table(name: str, folder: str = SERVICES) -> str:
    """A link to a table on the page of its service; from a page of a service, `folder` is empty."""
    return _link(name, f"{folder}{all_tables()[name].service}.md")


def _to_check(check: Check) -> str:
    """A link to a check on the page of its table's service, from outside of the folder of services."""
    return _link(check.id, f"{SERVICES}{all_tables()[check.table].service}.md")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _grid(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    columns = list(columns)
    return [_row(columns), "|" + "---|" * len(columns), *map(_row, rows)]


def _item(name: str, text: str) -> list[str]:
    """An item of a list; none where there is nothing to say."""
    return [f"- **{name}**: {text}"] if text else []


# --- Kinds of what is not known -------------------------------------------------------------------------


def _kinds() -> Iterator[str]:
    yield from [
        "# Kinds of what is not known",
        "",
        "Each finding that is unknown has a `kind` beside its `reason`: in the JSON and CSV reports, in the table "
        "that `demarcate.evaluate` gives and in a kept assessment. So have the values of a row's `_unknown`, "
        "what a snapshot could not read (`unread`) and the checks that did not run (`not_run`). People read the "
        "sentence, programs the kind; [what to do](../explanation/unknown.md) stands with the sentences.",
        "",
        "A kind is that of the cause: what hangs on a parameter without a value, through a condition, a function or "
        "another stack, is of the kind `parameter`. Where a verdict is unknown for several causes, its sentence names "
        "all of them, and it has the kind that stands first in this list. Of several rows of one resource that are "
        "unknown (the rules of a security group, the statements of a policy) one is told.",
        "",
        *_grid(
            ["kind", "in a summary", "what it means"],
            ([f'<a id="{kind}"></a>{_code(kind)}', kind.label, markdown(kind.meaning)] for kind in Kind),
        ),
    ]


# --- The model ------------------------------------------------------------------------------------------


def _model(model: Model, checks: Mapping[str, Check]) -> Iterator[str]:
    yield from [
        "# The model: who owes what",
        "",
        "Two parties secure one estate. In each area AWS *provides* one half and you *owe* the other. This page "
        "lists every responsibility of both; `demarcate explain ID` shows one, and `demarcate who` finds it by "
        "your words.",
        "",
        "A responsibility with *only when* is about those resources alone whose row meets the predicate: there "
        "the line runs through the service. `demarcate who --resource` draws it for one resource.",
        "",
        "## The areas",
        "",
    ]
    rows = ([f"[{area.title}](#{area.id})", markdown(area.aws), markdown(area.customer)] for area in model.areas)
    yield from _grid(["area", "AWS's half", "your half"], rows)
    yield from ["", "## The services", ""]
    yield from _grid(
        ["service", "id", "type", "where the line runs", "tables"],
        (
            [
                f"[{markdown(service.name)}]({SERVICES}{service.id}.md)",
                f'<a id="service-{service.id}"></a>{_code(service.id)}',
                f"{service.type} ({service.cloud})",
                markdown(service.line) + "".join(f"<br>Of its tables: {_when(when)}" for when in service.when),
                ", ".join(map(_to_table, service.tables)),
            ]
            for service in model.services
        ),
    )
    by_responsibility: dict[str, list[Check]] = {}
    for check in checks.values():
        by_responsibility.setdefault(check.responsibility, []).append(check)
    for area in model.areas:
        yield from ["", f'## <a id="{area.id}"></a>{markdown(area.title)}', "", markdown(area.why)]
        for party, title in (("aws", "AWS provides"), ("customer", "You owe")):
            yield from ["", f"### {title}: {markdown(area.title).lower()}"]
            for responsibility in model.responsibilities:
                if responsibility.area == area.id and responsibility.party == party:
                    yield from _responsibility(responsibility, by_responsibility.get(responsibility.id, []))


def _responsibility(r: Responsibility, checks: list[Check]) -> Iterator[str]:
    yield from _heading(4, r.id)
    yield from [f"**{markdown(r.title)}.** {markdown(r.description)}", ""]
    yield from _item("Whose", f"{PARTIES[r.party]} (OSCAL: {r.oscal})")
    yield from _item("Why there", markdown(r.why))
    services = (
        "all services" if r.services == "all" else ", ".join(f"[{_code(s)}](#service-{s})" for s in r.services)
    )
    yield from _item("For", services)
    for when in r.when:
        yield from _item("Only when", _when(when))
    for proof in r.proof:
        yield from _item("Proven by", proof.kind if proof.ask is None else f"{proof.kind}: {markdown(proof.ask)}")
    for framework, controls in r.controls.items():
        yield from _item(_FRAMEWORKS.get(framework, framework), ", ".join(controls))
    yield from _item("Other half", ", ".join(map(_link, r.counterpart)))
    yield from _item("Checks", ", ".join(map(_to_check, checks)))
    yield from _item("Sources", ", ".join(f"<{page}>" for page in r.sources))


_FRAMEWORKS = {"nist-800-53-r5": "NIST SP 800-53 Rev. 5"}


def _when(when: When, folder: str = SERVICES) -> str:
    return f"{_to_table(when.table, folder)}: {_code(when.predicate)}. {markdown(when.because)}"


# --- The tables -----------------------------------------------------------------------------------------


def _tables() -> Iterator[str]:
    yield from [
        "# The tables",
        "",
        "A table is one kind of resource, as rows. `demarcate query` reads them by SQL, and checks judge them. "
        "Its columns are on the page of [its service](services/index.md).",
        "",
        "For each column that page says where each source finds it: *live* is the path in the answer of AWS's "
        "API, *templates* the path in the properties of the CloudFormation resource (`Ref` and `Arn` are what "
        "`Ref` and `Fn::GetAtt` give there), *config* the path in what AWS Config records, brought into the form "
        "of that answer. A path that begins with `@` leads into a further API call, or into "
        "another resource of the template that completes the row; `@` alone is the whole. Where a source does "
        "not tell a column, it is *unknown* there, which is NULL.",
        "",
        "*Absent* is the value of a column where AWS's answer or the template leaves the member out; where that "
        "cell is empty, the column is unknown then.",
        "",
        "## Columns of every table",
        "",
    ]
    yield from _grid(
        ["column", "type", "about"], ([_code(c.name), _code(c.type), markdown(c.about)] for c in COMMON)
    )
    yield from ["", "## All tables", ""]
    yield from _grid(
        ["table", "about"],
        (
            [f'<a id="{table.name}"></a>{_to_table(table.name)}', markdown(table.about)]
            for table in all_tables().values()
        ),
    )
    yield from [
        "",
        "## Tables that a query has worked out",
        "",
        "No source fills them, and checks cannot use them: `demarcate query` works them out for what it asks.",
    ]
    for of in (who_may, guarding):
        yield from ["", f'### <a id="{of.NAME}"></a>`{of.NAME}`', "", markdown(of.ABOUT), ""]
        columns, told = of.described()
        yield from _grid(columns, ([_code(name), _code(type_), markdown(about)] for name, type_, about in told))


def _table(model: Model, table: Table) -> Iterator[str]:
    yield from _heading(3, table.name)
    yield from [markdown(table.about), ""]
    others = [s for s in model.services_of_table.get(table.name, ()) if s.id != table.service]
    yield from _item("Also of", ", ".join(f"[{markdown(s.name)}]({s.id}.md)" for s in others))
    yield from _item("Kept", "once an account" if table.scope == "account" else "in each region")
    yield from _item("Sources", ", ".join(sources_of(table)) or "none")
    yield from _item("Live", " → ".join(_code(step.operation) for step in table.steps))
    details = sorted({call.operation for call in table.details.values()})
    yield from _item("Live, for columns in use", _codes(details))
    yield from _item("Templates", _codes(table.types))
    yield from _item("Templates, beside it", _codes(sorted({c.type for c in table.companions.values()})))
    for derived in table.derived:
        of = _code(derived.of) if "::" in derived.of else _to_table(derived.of, "")
        yield from _item("Derived", f"from {_codes(derived.needs)} of {of}")
    if table.computed is not None:
        needs = [_to_table(name, "") for name in table.computed.needs if name != table.computed.of]
        yield from _item("Computed", f"for {_to_table(table.computed.of, '')}, from {', '.join(needs)}")
    if table.owners:
        yield from _item("Findings", "name the resource that the rows belong to")
    facts = facts_of(table.name) if table.facts else None
    if facts is not None:
        compared = ", ".join(f"<{part.source}> ({part.checked})" for part in facts.compared)
        yield from _item("Facts", f"{compared}; what lies ahead is believed for {facts.believed_for_days} days")
    yield ""
    sources = [] if table.owners else [source for source in TELLING if source.tells(table)]
    yield from _grid(
        ["column", "type", *(source.label for source in sources), "absent", "about"],
        (
            [
                _code(column.name),
                _code(column.type),
                *(_place(shown(source, table, column)) for source in sources),
                _absent(table, column),
                markdown(column.about),
            ]
            for column in table.columns
        ),
    )


def _place(path: str) -> str:
    return "unknown" if path == "unknown" else _code(path)


def _absent(table: Table, column: Column) -> str:
    """What the column is where the member is not there; by source where they differ."""
    values = {"": column.absent}
    for source in TELLING:
        place = source.place(table, column) if source.tells(table) else None
        if place is not None and place.absent is not UNSET:
            values[source.label] = place.absent
    return ", ".join(
        f"{source}: {_json(value)}" if source else _json(value)
        for source, value in values.items()
        if value is not UNSET and (value is not None or source)
    )


def _json(value: Any) -> str:
    """A value as code. One that is not plain says why it is not known."""
    reason = getattr(value, "reason", None)
    return "unknown" if reason is not None or value is None else _code(json.dumps(value, default=str))


# --- The checks -----------------------------------------------------------------------------------------


def _checks(model: Model, checks: Mapping[str, Check]) -> Iterator[str]:
    yield from [
        "# The checks",
        "",
        "A check is one predicate over one table: true passes, false fails, NULL is unknown. `demarcate checks "
        "show ID` shows one, `demarcate assess SOURCE --check ID` runs it alone, and `--checks DIR` adds your "
        "own ([how to write one](../how-to/write-a-check.md)). Each link leads to the page of "
        "[its service](services/index.md), which has the predicate, the remedy and what it refers to.",
    ]
    for area in model.areas:
        of_area = [check for check in checks.values() if check.area == area.id]
        yield from ["", f'## <a id="{area.id}"></a>{markdown(area.title)}', ""]
        if not of_area:
            yield "None: this half needs manual evidence."
            continue
        yield from _grid(
            ["check", "what passes", "severity"],
            (
                [f'<a id="{check.id}"></a>{_to_check(check)}', markdown(check.title), check.severity]
                for check in of_area
            ),
        )


def _check(check: Check) -> Iterator[str]:
    yield from _heading(3, check.id)
    yield from [f"{markdown(check.title)}.", ""]
    yield from _item("Severity", check.severity)
    yield from _item("Why this severity", markdown(check.severity_why))
    yield from _item("Proves", _link(check.responsibility, "../model.md"))
    yield from _item("Reads", ", ".join(_to_table(table, "") for table in check.tables))
    yield from _item("Remedy", markdown(check.remedy.text))
    for name, refs in sorted(check.refs.items()):
        yield from _item(_FRAMEWORKS.get(name, name), _codes(refs))
    for name, whys in sorted(check.related.items()):
        for ref, why in whys.items():
            yield from _item(f"Related, {_FRAMEWORKS.get(name, name)} {ref}", markdown(why))
    if check.condition:
        yield from ["", "It is about rows where", "", *_sql(check.condition), "", "and passes where"]
    yield from ["", *_sql(check.predicate)]


# --- The services ---------------------------------------------------------------------------------------


def _services(model: Model, checks: Mapping[str, Check]) -> dict[str, str]:
    """A page for each service, and one that leads to all of them, by file name.

    A table stands on the page of the service that it names, with the checks that judge it; the pages of other
    services whose resources it holds lead there.
    """
    tables: dict[str, list[Table]] = {}
    for table in all_tables().values():
        tables.setdefault(table.service, []).append(table)
    judging: dict[str, list[Check]] = {}
    for check in checks.values():
        judging.setdefault(all_tables()[check.table].service, []).append(check)
    named = sorted(model.services, key=lambda service: service.id)
    own = {s.id: (tables.get(s.id, []), judging.get(s.id, [])) for s in named}
    return {
        "index.md": _page(_index(named, own)),
        **{f"{s.id}.md": _page(_service(model, s, *own[s.id])) for s in named},
    }


def _index(services: Iterable[Service], own: Mapping[str, tuple[list[Table], list[Check]]]) -> Iterator[str]:
    yield from [
        "# The services",
        "",
        "A page for each service: where the line runs through it, its tables with their columns, and the checks that "
        "judge them. [All tables](../tables.md) and [all checks](../checks.md) are lists of their own.",
        "",
    ]
    yield from _grid(
        ["service", "id", "tables", "checks"],
        (
            [f"[{markdown(s.name)}]({s.id}.md)", _code(s.id), *(str(len(part)) for part in own[s.id])]
            for s in services
        ),
    )


def _service(model: Model, service: Service, tables: list[Table], checks: list[Check]) -> Iterator[str]:
    yield from [f"# {markdown(service.name)}", "", markdown(service.line), ""]
    yield from _item("Id", _code(service.id))
    yield from _item("Type", f"{service.type} ({service.cloud})")
    for when in service.when:
        yield from _item("Of its tables", _when(when, ""))
    for party, title in (("aws", "AWS provides"), ("customer", "You owe")):
        named = [
            r.id
            for r in model.responsibilities
            if r.party == party and r.services != "all" and r.covers(service.id)
        ]
        yield from _item(title, ", ".join(_link(id_, "../model.md") for id_ in named))
    yield from _item(
        "For all services", f"[what both owe](../model.md), and `demarcate matrix --service {service.id}`"
    )
    elsewhere = [name for name in service.tables if all_tables()[name].service != service.id]
    yield from _item("Tables on other pages", ", ".join(_to_table(name, "") for name in elsewhere))
    how = "[How to read the columns](../tables.md), and those that every table has."
    yield from ["", "## Tables", "", how if tables else "None of its own."]
    for table in tables:
        yield from _table(model, table)
    yield from ["", "## Checks", *([] if checks else ["", "None of its own."])]
    for check in checks:
        yield from _check(check)


# --- The command ----------------------------------------------------------------------------------------


def _command(app: typer.Typer) -> Iterator[str]:
    yield from [
        "# The command",
        "",
        "Data goes to standard output, everything else to standard error. Exit codes: 0 done; 1 something at or "
        "above `--fail-on` fails; 2 bad usage or input; 3 done, but something could not be read; 70 a fault of "
        "Demarcate's own. Where both 1 and 3 hold, it is 1.",
    ]
    for name, text in helps(app):
        yield from ["", f"## {name}", "", "```text", *text.rstrip().splitlines(), "```"]


def main(arguments: list[str]) -> None:
    """Write the pages into the folder named, and the pictures beside it."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m tools.reference FOLDER")
    folder = Path(arguments[0])
    write(folder, app)
    write_pictures(folder.parent)


if __name__ == "__main__":
    main(sys.argv[1:])
