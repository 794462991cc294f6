"""AWS's OSCAL component definitions: read as they are, broken links and all, and put beside the checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.evidence.components import AWS, read_components
from demarcate.model import load
from demarcate.report import components as report

BACKUP = "32b3d0a1-0000-4000-8000-000000000001"


def definition(folder: Path, name: str = "ec2.oscal.json", **others: Any) -> Path:
    """A file of the form that AWS's have (its own words are not here)."""
    component = {
        "uuid": BACKUP,
        "type": "service",
        "title": "Elastic Compute Cloud",
        "description": "_Empty_",
        "props": [
            {"name": "service-id", "ns": AWS, "value": "EC2"},
            {"name": "arnNamespace", "ns": AWS, "value": "ec2"},
            {"name": "version", "value": "2016-11-15"},
        ],
        "links": [
            {"href": "#regions", "rel": "provided-by", "resource-fragment": "x", "text": "Europe (Ireland)"}
        ],
        "control-implementations": [
            {
                "uuid": "c",
                "source": "#catalog",
                "description": "d",
                "implemented-requirements": [
                    {"uuid": "r", "control-id": "EC2.3", "description": "d"},
                    {"uuid": "s", "control-id": "EC2.99999", "description": "d"},
                ],
            }
        ],
    }
    document = {
        "uuid": "u",
        "metadata": {
            "title": "EC2",
            "last-modified": "2026-03-31T19:44:45Z",
            "version": "0.2.0",
            "oscal-version": "1.2.1",
        },
        "components": [component],
        "back-matter": {"resources": [{"uuid": "catalog", "rlinks": [{"href": "../catalogs/hub.json"}]}]},
    }
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps({"component-definition": document | others}))
    return folder


def test_controls_are_put_beside_the_checks_that_decide_them(tmp_path: Path) -> None:
    read = read_components(definition(tmp_path / "definitions"))
    model = load()
    (row,) = report.rows(read.components, model, load_checks(responsibilities=model.owed))
    told = dict(zip(report.COLUMNS, row, strict=True))
    assert (told["component"], told["controls"], told["decided"]) == ("Elastic Compute Cloud", 2, 1)
    assert "ebs-volume-encrypted" in told["checks"]
    assert told["not decided"] == ["EC2.99999"]
    assert "ec2" in told["service"]


def test_links_that_lead_nowhere_are_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    read = read_components(definition(tmp_path / "definitions"))
    assert [problem.message for problem in read.problems] == [
        "#regions leads to no resource of the document",
        "../catalogs/hub.json is not there",
    ]
    assert len(read.components) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no component definition"),
        ("[]", "is no component definition"),
        ('{"catalog": {}}', "is no component definition"),
        ('{"component-definition": {"metadata": {"oscal-version": "2.0.0"}}}', "is of OSCAL 2.0.0"),
        ("\x00", "is a binary file"),
    ],
)
def test_what_is_none_is_named_and_the_rest_is_read(tmp_path: Path, text: str, why: str) -> None:
    folder = definition(tmp_path / "definitions")
    (folder / "a.json").write_text(text)
    read = read_components(folder)
    assert len(read.components) == 1
    assert why in read.problems[0].message
    assert read.problems[0].file == str(folder / "a.json")


def test_a_component_that_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    folder = definition(definition(tmp_path / "definitions"), "other.json")
    read = read_components(folder)
    assert len(read.components) == 1
    assert any("is also in" in problem.message for problem in read.problems)


def test_where_there_is_none_that_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="there is no component definition"):
        read_components(tmp_path)
    with pytest.raises(DemarcateError, match="no such file or folder"):
        read_components(tmp_path / "nowhere")
