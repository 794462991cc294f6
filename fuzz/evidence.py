"""Evidence folders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

import msgspec
import yaml

from demarcate.evidence.attestations import _Attestation
from demarcate.evidence.exercises import DRILLS, PHISHING
from demarcate.evidence.load import KINDS, load_evidence
from demarcate.evidence.reports import _Report
from demarcate.evidence.training import TRAINING
from demarcate.evidence.weigh import weigh
from fuzz import texts, trees
from fuzz.inputs import Input, Link, put
from fuzz.outcomes import EXAMPLES, MOMENT, example, model, report

REFUSED = Path(__file__).resolve().parent.parent / "tests" / "evidence" / "refused.yaml"
COLUMNS = tuple(dict.fromkeys((*TRAINING.columns, *PHISHING.columns, *DRILLS.columns)))
LINKS = ("../x", "/dev/zero", "/dev/null", ".", "..", "documents", "training.csv", "/proc/self/environ", "nowhere")
KEYS = tuple(field.encode_name for kind in (_Attestation, _Report) for field in msgspec.structs.fields(kind))


def prepare() -> None:
    """Read what inputs are made from, and have judged and reported once."""
    report(*example())


def make(random: Random) -> Input:
    """One to three files with evidence, and maybe a document or a link."""
    files: dict[str, bytes | Link] = {}
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        name, text = random.choice(_files())
        raw = _table(random, text) if name.endswith(".csv") else _list(random, text)
        files[_named(random, name)] = texts.damaged(random, raw, [text.encode()]) if random.random() < 0.2 else raw
    if random.random() < 0.3:
        files |= _documents(random)
    if random.random() < 0.1:
        files[random.choice(("training/a.csv", "drills.csv", "reports", "documents", "README.md", "x"))] = Link(
            random.choice(LINKS)
        )
    if random.random() < 1 / 50:
        files["whole"] = b""
    return {name: files[name] for name in files if not any(other.startswith(f"{name}/") for other in files)}


def run(given: Input, folder: Path) -> None:
    """Load and weigh it; of fifty, one is reported as well."""
    put({name: content for name, content in given.items() if name != "whole"}, folder)
    day = MOMENT.date()
    evidence = load_evidence(folder, model(), day)
    weighed = weigh(evidence, day)
    if "whole" in given:
        report(*example(), evidence=weighed, refused=evidence.problems)


@cache
def _files() -> list[tuple[str, str]]:
    """The example's files and those that tests refuse."""
    folder = EXAMPLES / "evidence"
    files = [
        (str(path.relative_to(folder)), path.read_text())
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".csv", ".yaml", ".yml")
    ]
    cases = yaml.load(REFUSED.read_text(), Loader=yaml.CSafeLoader)
    return files + [(case["file"], case["text"]) for case in cases if isinstance(case.get("text"), str)]


def _documents(random: Random) -> dict[str, bytes | Link]:
    folder = EXAMPLES / "evidence" / "documents"
    name = random.choice(sorted(path.name for path in folder.iterdir()))
    raw = (folder / name).read_bytes()
    content: bytes | Link = (
        Link(random.choice(LINKS)) if random.random() < 0.2 else raw[: random.choice((9**9, 100, 0))]
    )
    return {f"documents/{name}": content}


def _named(random: Random, name: str) -> str:
    lot = random.random()
    if lot < 0.85:
        return name
    if lot < 0.95:
        inside = random.choice(("x.csv", "x.yaml", "x.YML", ".x.csv", "x", "é\x1b.csv"))
        return f"{random.choice(sorted(KINDS))}/{inside}"
    return random.choice(("training.csv", "x.csv", "a/b/c.csv", "training/a/b.csv", "reports.yml", "\u202e.csv"))


def _cell(random: Random, cells: Sequence[str]) -> str:
    lot = random.random()
    text = random.choice(cells) if lot < 0.3 else random.choice(COLUMNS) if lot < 0.4 else texts.word(random)
    return '"' + text.replace('"', '""') + '"' if random.random() < 0.3 else text


def _table(random: Random, text: str) -> bytes:
    rows = [line.split(",") for line in text.splitlines()] or [[""]]
    cells = [cell for row in rows for cell in row]
    for _ in range(random.choice((1, 1, 2, 4))):
        row = rows[0] if random.random() < 0.2 else random.choice(rows)
        at, lot = random.randrange(len(row) + 1), random.random()
        if lot < 0.5 and at < len(row):
            row[at] = _cell(random, cells)
        elif lot < 0.6:
            row.insert(at, _cell(random, cells))
        elif lot < 0.7 and len(row) > 1:
            row.pop()
        elif lot < 0.8:
            rows.insert(random.randrange(len(rows) + 1), list(random.choice(rows)))
        elif lot < 0.85:
            rows.extend([list(random.choice(rows))] * int(2 ** random.uniform(0, 9)))
        elif lot < 0.9:
            row.extend(["x"] * int(2 ** random.uniform(0, 15)))
        else:
            rows[rows.index(row)] = [random.choice((";", "\t", "|")).join(row)]
    end = random.choice(("\n", "\n", "\r\n", "\r"))
    head = "\ufeff" if random.random() < 0.05 else ""
    return (head + end.join(",".join(row) for row in rows)).encode(errors="surrogatepass")


def _list(random: Random, text: str) -> bytes:
    try:
        root = trees.parse(text)
        others = [trees.parse(random.choice(_lists()))]
        words = (
            *KEYS,
            *sorted(model().owed),
            "from",
            "to",
            "file",
            "sha256",
            "documents/baseline.md",
            "link",
            "123456789012",
        )
        return trees.yaml_of(
            trees.damaged(random, root, others, trees.Language(words)), flow=random.random() < 0.3
        )
    except (yaml.YAMLError, ValueError):
        return text.encode()


@cache
def _lists() -> list[str]:
    return [text for name, text in _files() if name.startswith(("attestations/", "reports/"))]
