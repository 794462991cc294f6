"""The reference pages are what the data says now, and the report is what its schema says."""

from __future__ import annotations

import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec.structs import replace

from demarcate.checks.catalog import load_checks
from demarcate.cli import app
from demarcate.estate.tables import all_tables
from demarcate.model import load
from demarcate.report.pictures.collaboration import collaboration
from demarcate.report.pictures.drawing import Label
from demarcate.report.pictures.png import png
from tests.processes import demarcate
from tools import reference

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs"
PAGES = PICTURES / "reference"
OF_ITS_OWN = "command.md"
"""The page whose words are compared, not its lines."""


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as they are written now, over that of a service that is no more."""
    folder = tmp_path_factory.mktemp("reference")
    (folder / reference.SERVICES).mkdir()
    (folder / reference.SERVICES / "gone.md").write_text("# Gone\n")
    reference.write(folder, app)
    return folder


def test_the_committed_pages_are_what_the_generator_writes_now(fresh: Path) -> None:
    committed, now = texts(PAGES), texts(fresh)
    assert {*committed} == {*now}, "run `make docs`"
    stale = [name for name in now if name != OF_ITS_OWN and committed[name] != now[name]]
    assert not stale, f"{', '.join(stale)} no longer says what the data says: run `make docs`"


def test_the_same_data_gives_the_same_pages(fresh: Path) -> None:
    assert reference.pages(app) == texts(fresh)


def test_each_table_and_check_is_on_the_page_of_one_service(fresh: Path) -> None:
    services = {name: text for name, text in texts(fresh).items() if name.startswith(reference.SERVICES)}
    assert {*services} == {f"{reference.SERVICES}{name}.md" for name in (*load().service, "index")}
    headings = Counter(
        id_ for text in services.values() for id_ in re.findall(r'^### <a id="([^"]+)"', text, re.M)
    )
    assert headings == dict.fromkeys([*all_tables(), *load_checks()], 1)
    for name in load().service:
        assert f"]({name}.md)" in services[f"{reference.SERVICES}index.md"]


def test_the_committed_pictures_are_what_the_generator_writes_now() -> None:
    fresh = reference.pictures()
    stale = [
        name
        for name, data in fresh.items()
        if not name.endswith(".png") and (PICTURES / name).read_bytes() != data
    ]
    assert not stale, f"{', '.join(stale)} no longer shows what the model says: run `make docs`"


def apart(first: bytes, other: bytes) -> float:
    """How many places of eight by eight pixels differ to the eye.

    Pillow draws an edge a little differently from one version to the next, so single pixels are not compared.
    """
    from PIL import Image, ImageChops, ImageStat

    images = [Image.open(io.BytesIO(data)).convert("L") for data in (first, other)]
    if images[0].size != images[1].size:
        return math.inf
    difference = ImageChops.difference(*(image.reduce(8) for image in images))
    return ImageStat.Stat(difference.point([255 * (value > 24) for value in range(256)])).sum[0] / 255


def test_the_committed_png_is_what_the_generator_draws_now() -> None:
    fresh, committed = reference.pictures()["diagram.png"], (PICTURES / "diagram.png").read_bytes()
    assert apart(fresh, committed) < 10, "run `make docs`"


def test_one_word_more_in_the_png_is_seen() -> None:
    drawing = collaboration(load())
    (word,) = (box for box in drawing.boxes() if box.id == "encryption-name")
    other = replace(
        drawing, items=(*drawing.items, *(replace(i, y=i.y + 12) for i in word.items if isinstance(i, Label)))
    )
    assert apart(png(drawing), png(other)) > 20


def commands(command: Any, name: str = "demarcate") -> Iterator[tuple[str, Any]]:
    yield name, command
    for verb, sub in getattr(command, "commands", {}).items():
        yield from commands(sub, f"{name} {verb}")


# How Typer lays out its help differs from one version to the next, so words are compared here and not lines.
def test_every_verb_and_option_is_in_the_page_of_the_command() -> None:
    page = (PAGES / "command.md").read_text()
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    verbs = dict(commands(typer.main.get_command(app)))
    assert set(sections) == set(verbs), "run `make docs`"
    for name, command in verbs.items():
        words = " ".join(sections[name].split())
        for parameter in command.params:
            for option in parameter.opts:
                assert not option.startswith("-") or option in words, f"{name} {option}: run `make docs`"
            told = " ".join((parameter.help or "").split())
            assert told in words or name == "demarcate", f"{name} {parameter.name}: run `make docs`"


def test_a_page_that_cannot_be_asked_for() -> None:
    with pytest.raises(SystemExit):
        reference.main([])


TEMPLATE = """
Parameters:
  Encrypt: {Type: String}
Resources:
  Plain: {Type: AWS::EC2::Volume, Properties: {AvailabilityZone: eu-west-1a, Size: 8}}
  Perhaps: {Type: AWS::EC2::Volume, Properties: {AvailabilityZone: eu-west-1a, Size: 8, Encrypted: !Ref Encrypt}}
  Kept: {Type: AWS::S3::Bucket}
"""


def test_the_report_is_what_its_schema_says(tmp_path: Path) -> None:
    import jsonschema  # type: ignore[import-untyped]

    (tmp_path / "good.yaml").write_text(TEMPLATE)
    (tmp_path / "broken.yaml").write_text("Resources: {A: [}\n")
    schema = json.loads((PAGES / "report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    done = demarcate("assess", tmp_path / "good.yaml", tmp_path / "broken.yaml", "--format", "json")
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    jsonschema.Draft202012Validator(schema).validate(report)
    assert report["version"] == 1
    assert report["unread"]
    assert {finding["verdict"] for finding in report["findings"]} == {"fail", "unknown"}
    assert set(report) == set(schema["$defs"]["Report"]["properties"])
