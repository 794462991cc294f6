"""The exam as a page, in a browser: by keyboard, on a phone, offline, with whatever names there are."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: the exam is not tested in a browser")

from playwright.sync_api import expect

from demarcate.assessing import assess_sources
from demarcate.evidence.load import load_evidence
from demarcate.evidence.weigh import weigh
from demarcate.exam import estate
from demarcate.exam.questions import make_exam
from demarcate.exam.structs import Exam
from demarcate.model import Model
from demarcate.report.exam import page as writing
from demarcate.report.out import Out
from demarcate.report.safe import printable
from tests.browser.accessibility import amiss
from tests.exam.conftest import HOSTILE
from tests.processes import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ANSWER_ALL = """choices => {
    for (const choice of choices) {
        document.querySelectorAll('.current .choice')[choice].click();
        document.querySelector('.current button').click();
        document.querySelector('.current button').click();
    }
}"""


@dataclass
class Opened:
    """A page with its exam."""

    page: Page
    exam: Exam

    def answer(self, place: int, *, right: bool) -> None:
        """Answer the question that shows, and go on."""
        question = self.exam.questions[place]
        choice = question.answer if right else (question.answer + 1) % len(question.choices)
        self.page.locator(".current .choice").nth(choice).click()
        self.page.get_by_role("button", name="Answer", exact=True).click()
        self.page.locator(".current button").click()

    def all(self, *, wrong: int = 0) -> None:
        """Answer all questions in no time, the first so many wrongly."""
        choices = [
            question.answer if place >= wrong else (question.answer + 1) % len(question.choices)
            for place, question in enumerate(self.exam.questions)
        ]
        self.page.evaluate(ANSWER_ALL, choices)


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def kept_pages() -> dict[str, list[Page]]:
    """Pages that no test uses at the moment, by their options: to make one takes longer than all that a test does."""
    return defaultdict(list)


@pytest.fixture
def opened(browser: Browser, model: Model, tmp_path: Path, kept_pages: dict[str, list[Page]]) -> Iterator[Open]:
    """Opens exams. Whatever is done with a page, it asks for nothing and complains of nothing."""
    asked: list[str] = []
    said: list[str] = []
    used: list[tuple[str, Page]] = []
    file = tmp_path / "exam.html"
    heard: dict[Any, Callable[[Any], None]] = {
        "request": lambda request: asked.append(request.url),
        "console": lambda message: said.append(message.text),
        "pageerror": lambda error: said.append(str(error)),
        "dialog": lambda dialog: said.append(dialog.message),
    }

    def open_page(exam: Exam | None = None, page: Page | None = None, **how: Any) -> Opened:
        made = exam or make_exam(model, seed=4, number=10)
        written = io.StringIO()
        writing.write(model, made, Out(written))
        file.write_text(written.getvalue(), encoding="utf-8")
        if page is not None:
            page.goto(file.as_uri())
            return Opened(page, made)
        key = repr(sorted(how.items()))
        page = kept_pages[key].pop() if kept_pages[key] else browser.new_context(**how).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        used.append((key, page))
        for event, hear in heard.items():
            page.on(event, hear)
        page.goto(file.as_uri())
        return Opened(page, made)

    yield open_page
    for key, page in used:
        if "java_script_enabled" not in key:
            page.evaluate("sessionStorage.clear()")
        for event, hear in heard.items():
            page.remove_listener(event, hear)
        page.goto("about:blank")
        kept_pages[key].append(page)
    assert set(asked) == {file.as_uri()}
    assert said == []


def test_one_question_after_the_other(opened: Open) -> None:
    shown = opened()
    page, first = shown.page, shown.exam.questions[0]
    expect(page.locator(".question:visible")).to_have_count(1)
    expect(page.locator(".current legend")).to_have_text(first.text)
    expect(page.locator(".current .said")).to_have_text(list(first.choices))
    expect(page.get_by_text(first.explanation).first).to_be_hidden()
    wrong = (first.answer + 1) % len(first.choices)
    page.locator(".current .choice").nth(wrong).click()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_text(first.explanation).first).to_be_visible()
    expect(page.locator(".current .choice").nth(wrong).get_by_text("Wrong")).to_be_visible()
    expect(page.locator(".current .choice").nth(first.answer).get_by_text("Right")).to_be_visible()
    expect(page.locator("#said")).to_have_text(re.compile("^Wrong. Right is "))
    page.get_by_role("button", name="Next question").click()
    expect(page.locator(".current legend")).to_have_text(shown.exam.questions[1].text)


def test_nothing_is_answered_without_a_choice(opened: Open) -> None:
    page = opened().page
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator(".current input:focus:invalid")).to_have_count(1)
    expect(page.locator(".answered")).to_have_count(0)
    expect(page.locator("#progress")).to_have_attribute("value", "0")


@pytest.mark.parametrize(
    ("wrong", "verdict"), [(0, "Passed"), (2, "Passed"), (3, "Not passed"), (10, "Not passed")]
)
def test_the_result(opened: Open, model: Model, wrong: int, verdict: str) -> None:
    shown = opened()
    shown.all(wrong=wrong)
    page = shown.page
    expect(page.locator("#verdict")).to_have_text(verdict)
    expect(page.locator("#score")).to_have_text(re.compile(f"^{10 - wrong} of 10 right: {100 - 10 * wrong}%"))
    expect(page.locator("#wrong li")).to_have_count(wrong)
    each = page.locator("#wrong li").all_inner_texts()
    for told, question in zip(each, shown.exam.questions, strict=False):
        assert question.text in told
        assert question.choices[question.answer] in told
        assert question.choices[(question.answer + 1) % len(question.choices)] in told
        assert question.explanation in told
        assert question.explain in told
    areas = {question.area for question in shown.exam.questions[:wrong]} - {None}
    takeaways = page.locator("#takeaways").inner_text()
    assert {t.area for t in model.exam.takeaways if t.area and t.text in takeaways} == areas


def test_it_can_be_taken_again(opened: Open) -> None:
    shown = opened()
    shown.all(wrong=10)
    shown.page.get_by_role("button", name="Take it again").click()
    expect(shown.page.locator(".sign:visible")).to_have_count(0)
    shown.all()
    expect(shown.page.locator("#verdict")).to_have_text("Passed")
    expect(shown.page.locator("#score")).to_have_text(re.compile("^10 of 10"))


def test_a_reload_keeps_the_exam(opened: Open) -> None:
    shown = opened()
    page = shown.page
    shown.answer(0, right=True)
    shown.answer(1, right=False)
    page.locator(".current .choice").nth(0).click()  # chosen, and not answered
    page.reload()
    expect(page.locator(".current legend")).to_have_text(shown.exam.questions[2].text)
    expect(page.locator("#progress")).to_have_attribute("value", "2")
    for place in range(2, 10):
        shown.answer(place, right=True)
    page.reload()
    expect(page.locator("#score")).to_have_text(re.compile("^9 of 10"))
    expect(page.locator("#wrong li")).to_contain_text(shown.exam.questions[1].text)
    page.get_by_role("button", name="Take it again").click()
    page.reload()
    expect(page.locator(".current legend")).to_have_text(shown.exam.questions[0].text)


KEPT_WRONGLY = (
    "{",
    "null",
    "[]",
    '{"answers": [9]}',
    '{"answers": ["x"]}',
    '{"answers": [0.5]}',
    '{"answers": 3}',
)


def test_what_was_kept_wrongly_is_forgotten(opened: Open) -> None:
    page = opened().page
    for said in KEPT_WRONGLY:
        page.evaluate(
            "said => sessionStorage.setItem(JSON.parse(document.getElementById('data').textContent).id, said)",
            said,
        )
        page.reload()
        expect(page.locator(".question:visible"), said).to_have_count(1)
        expect(page.locator(".answered"), said).to_have_count(0)


def test_another_exam_is_not_gone_on_with(opened: Open, model: Model) -> None:
    shown = opened()
    shown.answer(0, right=True)
    other = opened(make_exam(model, seed=5, number=10), page=shown.page)
    expect(other.page.locator(".current legend")).to_have_text(other.exam.questions[0].text)


@pytest.mark.parametrize("wrong", [0, 3])
def test_the_record_is_saved(opened: Open, model: Model, tmp_path: Path, wrong: int) -> None:
    shown = opened()
    shown.all(wrong=wrong)
    page = shown.page
    button = page.get_by_role("button", name="Save the record")
    expect(button, "a record needs a name").to_be_disabled()
    page.get_by_label("Name or number").fill(f"../{HOSTILE}, Jo")
    with page.expect_download() as saving:
        button.click()
    name = saving.value.suggested_filename
    assert re.fullmatch(r"quiz-\d{4}-\d\d-\d\d-img-src-x-[a-z0-9-]+-jo\.csv", name)
    folder = tmp_path / "evidence" / "training"
    folder.mkdir(parents=True)
    saving.value.save_as(folder / name)
    evidence = load_evidence(folder.parent, model, date.today() + timedelta(days=1))
    assert not evidence.problems
    (record,) = evidence.records
    assert (record.met, record.detail) == (wrong == 0, f"score {10 - wrong}/10")
    assert record.by.endswith(", Jo")


def test_the_record_is_evidence(opened: Open, model: Model, tmp_path: Path) -> None:
    shown = opened()
    shown.all()
    shown.page.get_by_label("Name or number").fill(' =1+1, "x"\n')
    lines = shown.page.get_by_label("Lines of the record").input_value()
    (row,) = csv.DictReader(io.StringIO(lines))
    assert row["person"] == '\'=1+1, "x"'
    folder = tmp_path / "evidence" / "training"
    folder.mkdir(parents=True)
    (folder / "quiz.csv").write_text(lines)
    today = date.fromisoformat(row["completed"])
    evidence = load_evidence(folder.parent, model, today)
    assert not evidence.problems
    (record,) = evidence.records
    assert (record.by, record.title, record.met) == ('=1+1, "x"', "demarcate quiz: all areas", True)
    (result,) = weigh(evidence, today)["awareness-and-training.train-employees"]
    assert result.standing == "proves"


def test_a_record_without_a_name_is_refused(opened: Open, model: Model, tmp_path: Path) -> None:
    shown = opened()
    shown.all()
    folder = tmp_path / "evidence" / "training"
    folder.mkdir(parents=True)
    (folder / "quiz.csv").write_text(shown.page.get_by_label("Lines of the record").input_value())
    evidence = load_evidence(folder.parent, model, date.max)
    assert not evidence.records
    assert "person is empty" in evidence.problems[0].message


def test_a_short_exam_is_no_evidence(opened: Open, model: Model) -> None:
    shown = opened(make_exam(model, seed=4, number=9))
    shown.all()
    expect(shown.page.get_by_text("An exam is evidence from 10 questions on.")).to_be_visible()
    expect(shown.page.get_by_label("Lines of the record")).to_have_count(0)


def test_by_keyboard_alone(opened: Open) -> None:
    shown = opened()
    page = shown.page
    for place, question in enumerate(shown.exam.questions):
        if place == 1:
            page.keyboard.press("Tab")  # into the choices
            for _ in range(question.answer):
                page.keyboard.press("ArrowDown")
            if question.answer == 0:
                page.keyboard.press("Space")
        else:
            page.keyboard.press(str(question.answer + 1))
        page.keyboard.press("Enter")
        expect(page.locator(".current button")).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_be_focused()
    expect(page.locator("#verdict")).to_have_text("Passed")


def test_names_stay_names(opened: Open, model: Model, hostile_estate: Path) -> None:
    made = estate.drafts(assess_sources([hostile_estate]), seed=1)
    exam = make_exam(model, seed=1, number=60, estate=made, origin=str(hostile_estate))
    about = [question for question in exam.questions if "onerror" in question.text]
    assert about
    shown = opened(exam)
    page = shown.page
    legends = page.locator("legend").all_text_contents()
    for question in about:
        assert printable(" ".join(question.text.split())) in legends
    expect(page.locator("main img")).to_have_count(0)
    expect(page).to_have_title(re.compile("^Exam: "))
    assert not {"\x1b", "\u202e"} & set(page.content())
    shown.answer(0, right=False)


def test_without_scripts(opened: Open) -> None:
    shown = opened(java_script_enabled=False)
    page = shown.page
    expect(page.locator(".question:visible")).to_have_count(10)
    expect(page.locator("#result")).to_be_hidden()
    explanation = page.get_by_text(shown.exam.questions[0].explanation).first
    expect(explanation).to_be_hidden()
    page.locator("summary").first.click()
    expect(explanation).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_everybody_can_use_it(opened: Open, scheme: str, width: int) -> None:
    shown = opened(
        color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True, reduced_motion="reduce"
    )
    page = shown.page

    def look() -> None:
        assert amiss(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    look()
    page.locator(".current .choice").nth(0).click()
    look()
    page.get_by_role("button", name="Answer", exact=True).click()
    look()
    page.locator(".current button").click()
    for place in range(1, 10):
        shown.answer(place, right=place % 2 == 0)
    look()


def test_it_is_small_and_the_same(model: Model) -> None:
    pages = []
    for _ in range(2):
        written = io.StringIO()
        writing.write(model, make_exam(model, seed=4, number=50), Out(written))
        pages.append(written.getvalue())
    assert pages[0] == pages[1]
    assert len(pages[0].encode()) < 250_000
    assert "http" not in pages[0].replace("http-equiv", "")
