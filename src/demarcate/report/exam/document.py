"""An exam as JSON: all questions with their choices and answers. The version goes up when the form breaks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from demarcate.exam.structs import PASS_MARK, Exam
from demarcate.report.out import Out
from demarcate.report.safe import json_text
from demarcate.version import __version__

VERSION: Literal[1] = 1


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One exam."""

    version: Annotated[Literal[1], Meta(description="The version of this form.")]
    demarcate: Annotated[str, Meta(description="The version of Demarcate that wrote it.")]
    pass_mark: Annotated[int, Meta(description="Of a hundred questions, how many must be right to pass.")]
    exam: Exam


def write(exam: Exam, out: Out) -> None:
    """Write the exam."""
    document = Document(version=VERSION, demarcate=__version__, pass_mark=PASS_MARK, exam=exam)
    out.write(json_text(document, indent=True) + "\n")


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The exam of demarcate quiz --format json",
        **msgspec.json.schema(Document),
    }
