"""An exam as one self-contained page: it works offline, by keyboard and on a phone, and sends its result nowhere.

Without scripts it is a list of questions with their answers folded away. Scripts ask one after the other, and at
the end show what was wrong and save the record that would prove a pass. A reload keeps the answers.
"""

from __future__ import annotations

import hashlib
from typing import Any

from demarcate.evidence.training import TRAINING
from demarcate.exam import record
from demarcate.exam.structs import PASS_MARK, Exam
from demarcate.model import Model
from demarcate.report.exam import words
from demarcate.report.html.page import page
from demarcate.report.out import Out
from demarcate.report.safe import json_text, one_line
from demarcate.version import __version__


def write(model: Model, exam: Exam, out: Out) -> None:
    """Write the page."""
    out.write(
        page(
            "demarcate.report",
            "exam/page.html.j2",
            styles=["html/look.css", "exam/exam.css"],
            head=["html/theme.js"],
            scripts=["html/dom.js", "exam/keeping.js", "exam/record.js", "exam/result.js", "exam/exam.js"],
            data=_data(model, exam),
            context={
                "version": __version__,
                "title": words.title(model, exam),
                "fewer": words.fewer(exam),
                "exam": exam,
                "abouts": [words.about(model, question) for question in exam.questions],
                "pass_mark": PASS_MARK,
                "least": record.LEAST,
                "proves": record.proves(model, exam.area, None),
                "folder": "training",
                "one_line": one_line,
            },
        )
    )


def _data(model: Model, exam: Exam) -> dict[str, Any]:
    """What the scripts work on: all other text they take from the page itself."""
    return {
        "id": f"demarcate-exam-{hashlib.sha256(json_text(exam).encode()).hexdigest()[:16]}",
        "choices": [len(question.choices) for question in exam.questions],
        "answers": [question.answer for question in exam.questions],
        "areas": [question.area for question in exam.questions],
        "titles": {area.id: area.title for area in model.areas},
        "takeaways": {t.area: t.text for t in model.exam.takeaways if t.area is not None},
        "passMark": PASS_MARK,
        "columns": TRAINING.columns,
        "record": {
            "course": record.course(model, exam),
            "responsibility": record.proves(model, exam.area, None),
        },
    }
