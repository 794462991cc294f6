"""The HTML report in a browser: what it shows, where its links lead, and what it keeps in the address."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Locator, Page, expect

from demarcate.model.frameworks import framework
from demarcate.posture.frameworks import checks_of
from tests.browser import estates
from tests.browser.conftest import Open, follow
from tests.example import assessed
from tests.processes import PATIENCE

PHONE = {"width": 390, "height": 844}

ENCRYPTED = "encryption.enable-at-rest"

PLACES = {
    "summary": "",
    "area": "#area/encryption",
    "responsibility": f"#responsibility/{ENCRYPTED}",
    "provided": f"#responsibility/{estates.ATTESTED}",
    "responsibilities": "#responsibilities?state=gap",
    "findings": "#findings?verdict=fail",
    "check": "#check/ebs-volume-encrypted",
    "resource": "#resource/BuildCache",
    "search": "#search?q=bucket",
    "evidence": "#evidence",
    "roll-ups": "#roll-ups",
    "not read": "#not-read",
    "nothing": "#responsibility/no-such-thing",
}
"""A place of every kind of view."""


def heading(page: Page) -> Locator:
    return page.locator(".view.current [data-heading]")


def counted(page: Page) -> int:
    """How many findings or responsibilities a view says that it has."""
    match = re.match(r"[\d,]+", page.locator(".view.current .counted").inner_text())
    assert match
    return int(match.group().replace(",", ""))


def address(page: Page) -> str:
    """The address as the page itself has it: `page.url` is what the browser has told of it so far."""
    told: str = page.evaluate("location.href")
    return told


def go(page: Page, place: str) -> None:
    """Follow an address within the report, and wait until its view is there."""
    page.evaluate("place => { location.hash = place }", place)
    # The page hears of a new address in a task of its own, which comes before this one.
    page.evaluate("new Promise(done => setTimeout(done, 20))")


def test_the_summary_says_how_it_stands(visit: Open) -> None:
    page = visit("example")
    expect(heading(page)).to_have_text(f"{assessed().posture.summary}.")
    expect(page).to_have_title(re.compile(r"^\d+ of \d+ owed are met.* – .*examples/estate"))
    assert "examples/estate" in page.locator("h1").inner_text()
    worst = assessed().posture.first()[0]
    assert worst.title in page.locator("#summary .first li").first.inner_text()
    assert page.locator(".picture:visible").count() == 1
    assert "no evidence on file" in page.locator("#summary").inner_text()


def test_what_could_not_be_read_comes_first(visit: Open) -> None:
    page = visit("evidence")
    text = page.locator("#summary").inner_text()
    order = ("Could not be read", "rds:DescribeDBInstances", "SHA-256", "owed are met", "What to do first")
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    follow(page.get_by_role("link", name="All 7 that could not be read"))
    expect(heading(page)).to_have_text("What was not read")
    assert page.locator("#not-read li", has_text="AccessDenied").count() == 7
    assert page.locator("nav .count").last.inner_text() == "8", (
        "as many as are listed: 7 and one piece of evidence"
    )


def test_evidence_that_expires(visit: Open) -> None:
    page = visit("evidence")
    text = page.locator("#summary").inner_text()
    expired, soon = text.index("Expired: it proves nothing any more"), text.index("Expires within 30 days")
    assert expired < text.index("Secure coding, last year") < soon < text.index("SOC 2 Type II")
    assert "41 of 41" not in text, "what expires in 31 days is not among it"
    go(page, "#evidence")
    rows = page.locator("#evidence tbody tr")
    words = ["Expired", "Proves expires within 30 days", "Proves", "Not valid yet", "Failed", "Contradicted"]
    shown = [" ".join(text.split()[1:]) for text in rows.locator("td:first-child").all_inner_texts()]
    assert shown == [*words, "Incomplete"]
    link = page.locator("#evidence a", has_text="https://aws.amazon.com/artifact/")
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_down_from_area_to_resource_and_back(visit: Open) -> None:
    page = visit("example")
    page.locator('.picture a[href="#area/encryption"]').click()
    expect(heading(page)).to_have_text("Encryption")
    halves = page.locator('[id="area/encryption"] .half')
    assert halves.nth(0).locator("h3").inner_text() == "AWS provides"
    assert halves.nth(1).locator("h3").inner_text() == "You owe"
    follow(halves.nth(1).get_by_role("link", name="Enable encryption at rest"))
    expect(heading(page)).to_have_text("Enable encryption at rest")
    section = page.locator(f'[id="responsibility/{ENCRYPTED}"]')
    for said in ("Why it is yours and not AWS’s", "AWS offers EBS encryption", "Why it is a gap", "SC-28"):
        assert said in section.inner_text()
    follow(section.locator(".live").get_by_role("link", name="BuildCache"))
    expect(heading(page)).to_have_text("BuildCache")
    made = page.locator("#made").inner_text()
    assert "examples/estate/operations.yaml:70" in made
    assert "is not encrypted" in made
    follow(page.locator("#made").get_by_role("link", name="EBS volumes are encrypted"))
    expect(heading(page)).to_have_text("EBS volumes are encrypted")
    for title in ("BuildCache", "Enable encryption at rest", "Encryption"):
        page.go_back()
        expect(heading(page)).to_have_text(title)
    page.go_back()
    expect(heading(page)).to_contain_text("owed are met")
    page.go_forward()
    expect(heading(page)).to_have_text("Encryption")


def test_going_back_leads_to_where_one_was(visit: Open) -> None:
    page = visit("large", "#findings")
    page.locator("#made tr").nth(40).scroll_into_view_if_needed()
    page.wait_for_function("scrollY > 500")
    left = page.evaluate("scrollY")
    follow(page.locator("#made tr").nth(40).get_by_role("link").first)
    page.wait_for_function("scrollY === 0")
    page.go_back()
    page.wait_for_function(f"Math.abs(scrollY - {left}) < 5")


def test_filters_are_in_the_address(visit: Open) -> None:
    findings = [f for f in assessed().judgement.findings() if f.severity == "high" and f.verdict == "fail"]
    page = visit("example", "#findings")
    assert counted(page) == len(list(assessed().judgement.findings()))
    page.get_by_label("Severity").select_option("high")
    page.get_by_label("Verdict").select_option("fail")
    assert counted(page) == len(findings)
    assert parse_qs(address(page).partition("?")[2]) == {"verdict": ["fail"], "severity": ["high"]}
    page.locator("#made").get_by_label("Words").fill("lambda SECRETS")
    told = [f for f in findings if "lambda" in f.check and "secrets" in f.check]
    assert counted(page) == len(told) > 0
    assert page.locator("#said").inner_text() == page.locator("#made .counted").inner_text()
    shared = address(page)
    page.get_by_role("button", name="Clear").click()
    assert counted(page) > len(findings)
    page.goto("about:blank")
    page.goto(shared)
    assert counted(page) == len(told)
    assert page.locator("#made").get_by_label("Words").input_value() == "lambda SECRETS"
    assert page.get_by_label("Severity").input_value() == "high"


def test_account_and_region_filters(visit: Open) -> None:
    page = visit("large", "#roll-ups")
    assert "200 accounts, 5 regions" in page.locator("h1").inner_text(), "global is no region"
    assert page.get_by_role("link", name="in no region").get_attribute("href") == "#findings?region=global"
    account = estates.accounts(200)[3]
    follow(page.get_by_role("link", name=account))
    assert counted(page) == 10_000 / 200
    page.get_by_label("Region").select_option("us-west-2")
    assert counted(page) == 10_000 / 200
    page.get_by_label("Region").select_option("us-east-1")
    assert page.locator("#made").get_by_text("Nothing is like this.").count() == 1
    go(page, "#roll-ups")
    follow(page.get_by_role("link", name="payments"))
    assert counted(page) == len(range(0, 10_000, 3)), "a tag that is exactly that, and none that only begins so"
    page.get_by_label("Tag").fill("TEAM=pay")
    assert counted(page) == len(range(0, 10_000, 3)) + len(range(1, 10_000, 3))


def test_findings_of_a_service_a_check_and_a_framework(visit: Open) -> None:
    assessment = assessed()
    findings = list(assessment.judgement.findings(passes=False))
    tables = set(assessment.model.service["s3"].tables)
    standard = checks_of(framework("cis-aws-5.0"), assessment.checks, assessment.model)
    page = visit("example", "#findings")
    form = page.locator("#made form")
    form.get_by_label("Service").select_option("s3")
    assert counted(page) == sum(finding.table in tables for finding in findings) > 0
    form.get_by_label("Framework").select_option("cis-aws-5.0")
    assert counted(page) == sum(finding.table in tables and finding.check in standard for finding in findings) > 0
    page.get_by_role("button", name="Clear").click()
    form.get_by_label("Check").select_option("ebs-volume-encrypted")
    assert counted(page) == sum(finding.check == "ebs-volume-encrypted" for finding in findings) > 0
    page.get_by_role("button", name="Clear").click()

    def first(column: str) -> str:
        return page.locator(f"#made tbody td.{column}").first.inner_text()

    for heading_, column, values in (
        ("Resource", "of-resource .path", [finding.resource for finding in findings if finding.resource]),
        ("What was found", "what .reason", [finding.reason for finding in findings]),
    ):
        follow(page.locator("#made thead").get_by_role("link", name=heading_))
        assert page.locator(f"#made th:has-text('{heading_}')").get_attribute("aria-sort") == "ascending"
        assert first(column) == min(values)
        follow(page.locator("#made thead").get_by_role("link", name=heading_))
        assert address(page).endswith(f"sort=-{heading_.lower().replace(' ', '-')}")
    assert first("what .reason") == max(finding.reason for finding in findings)
    follow(page.locator("#made thead").get_by_role("link", name="Severity"))
    assert first("lead-in .severity") == "critical", "by how bad it is, not by its letters"
    form.get_by_label("Verdict").select_option("unknown")
    assert address(page).endswith("sort=severity&verdict=unknown"), "filters keep the order"


def test_pages_of_findings(visit: Open) -> None:
    page = visit("large", "#findings")
    first = page.locator("#made tbody tr").first.inner_text()
    follow(page.get_by_role("link", name="Next"))
    assert "51 to 100 shown" in page.locator("#made .counted").inner_text()
    assert address(page).endswith("#findings?page=2")
    assert page.locator("#made tbody tr").first.inner_text() != first
    follow(page.get_by_role("link", name="Last"))
    assert "9,951 to 10,000 shown" in page.locator("#made .counted").inner_text()
    page.go_back()
    page.go_back()
    expect(page.locator("#made .counted")).to_contain_text("1 to 50 shown")
    go(page, "#findings?page=999999")
    expect(page.locator("#made .counted")).to_contain_text("9,951 to 10,000")
    inside = "cells => cells.every(cell => cell.scrollWidth <= cell.clientWidth)"
    assert "Unknown" in page.locator("#made td.lead-in").first.inner_text()
    assert page.locator("#made td").evaluate_all(inside), "no cell reaches into its neighbour"


def test_the_list_of_responsibilities(visit: Open) -> None:
    page = visit("example")
    follow(page.locator("#summary").get_by_role("link", name="Gaps", exact=False).first)
    gaps = assessed().posture.first()
    expect(heading(page)).to_have_text("All responsibilities")
    assert counted(page) == len(gaps)
    assert page.locator("#responsibility-rows tr:visible").count() == len(gaps)
    page.locator("#responsibilities").get_by_label("Area").select_option("encryption")
    assert counted(page) == sum(gap.area == "encryption" for gap in gaps)
    page.locator("#responsibilities").get_by_label("Words").fill("no such thing")
    assert counted(page) == 0


def test_search_finds_everything(visit: Open) -> None:
    page = visit("example")
    box = page.get_by_role("searchbox", name="Search the whole report")
    box.press_sequentially("uploads")
    assert address(page).endswith("#search?q=uploads")
    assert page.evaluate("document.activeElement.id") == "search-text", "typing is not interrupted"
    assert page.locator("#made h3", has_text="Resources (1)").count() == 1
    box.press("Enter")
    expect(page.locator("#made [data-heading]")).to_be_focused()
    follow(page.locator("#made").get_by_role("link", name="Uploads", exact=True))
    assert "examples/estate/catalogue/catalogue.yaml" in page.locator("#made").inner_text()
    assert box.input_value() == ""
    go(page, "#search?q=KMS+rotate")
    expect(page.locator("#made").get_by_role("link", name="Rotate your keys")).to_be_visible()
    go(page, "#search?q=nosuchthing")
    expect(page.locator("#made")).to_contain_text("Nothing in this report has all of these words.")


@pytest.mark.parametrize(
    "place", ["#responsibility/none", "#nowhere", "#made", "#data", "#resource/%zz?file=a", "#check/__proto__"]
)
def test_an_address_that_leads_nowhere(visit: Open, place: str) -> None:
    page = visit("example", place)
    expect(heading(page)).to_have_text("Nothing has this address")
    follow(page.get_by_role("link", name="To the summary"))
    expect(heading(page)).to_contain_text("owed are met")


def test_by_keyboard_alone(visit: Open) -> None:
    page = visit("example")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    press_until(page, "link", "Configure security group rules")
    page.keyboard.press("Enter")
    expect(heading(page)).to_be_focused()
    expect(heading(page)).to_have_text("Configure security group rules")
    press_until(page, "link", "JumpSecurityGroup")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid", "focus is seen"
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("JumpSecurityGroup")
    go(page, "#findings")
    expect(heading(page)).to_be_focused()
    press_until(page, "searchbox", "Words")
    page.keyboard.type("JumpSecurityGroup")
    assert 0 < counted(page) < 10
    assert page.locator("input[name=q]:visible").input_value() == "JumpSecurityGroup"


def press_until(page: Page, role: str, name: str, most: int = 120) -> None:
    """Press Tab until something has the focus; fail if it never does."""
    wanted = page.get_by_role(role, name=name).and_(page.locator(":focus"))  # type: ignore[arg-type]
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.count():
            return
    pytest.fail(f"Tab does not reach {name}")


BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def test_themes(visit: Open) -> None:
    page = visit("example", color_scheme="light")
    light = page.evaluate(BACKGROUND)
    page.get_by_role("button", name="Dark theme").click()
    dark = page.evaluate(BACKGROUND)
    assert dark != light
    # The first page stays: a busy browser can lose for good what a page has stored that is gone at once.
    later = page.context.new_page()
    later.goto(page.url)
    until = time.monotonic() + PATIENCE
    while later.evaluate(BACKGROUND) != dark and time.monotonic() < until:
        later.wait_for_timeout(100)
        later.reload()
    assert later.evaluate(BACKGROUND) == dark, "the choice is remembered"
    later.close()
    page.get_by_role("button", name="Light theme").click()
    assert page.evaluate(BACKGROUND) == light
    assert visit("example", color_scheme="dark").evaluate(BACKGROUND) == dark


def test_themes_where_nothing_may_be_stored(visit: Open) -> None:
    page = visit("example", anew=True)
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('denied', 'SecurityError') }})"
    )
    page.reload()
    before = page.evaluate(BACKGROUND)
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(BACKGROUND) != before


@pytest.mark.parametrize("name", ["evidence", "large", "hostile"])
def test_a_phone_scrolls_one_way(visit: Open, name: str) -> None:
    page = visit(name, viewport=PHONE)
    widths = {}
    for kind, place in PLACES.items():
        go(page, place)
        widths[kind] = page.evaluate("document.documentElement.scrollWidth")
    assert {kind: width for kind, width in widths.items() if width > 390} == {}


def test_without_scripts_it_is_one_document(visit: Open) -> None:
    page = visit("example", java_script_enabled=False)
    text = page.locator("main").inner_text()
    for said in ("Scripts are off", "owed are met", "What to do first", "Why it is a gap", "All services"):
        assert said in text
    titles = page.locator(".view [data-heading]:visible").all_inner_texts()
    assert {standing.title for standing in assessed().posture.responsibilities} <= set(titles)
    assert not page.locator(".scripted:visible, .screen:visible").count(), "nothing that needs scripts is offered"


def test_a_script_that_fails_leaves_the_document(visit: Open) -> None:
    page = visit("example")
    page.evaluate("dispatchEvent(new ErrorEvent('error'))")
    assert page.locator(".view [data-heading]:visible").count() > 100


def pages_on_paper(page: Page) -> int:
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def test_it_prints_what_is_in_view(visit: Open) -> None:
    page = visit("example")
    assert pages_on_paper(page) <= 2, "the summary and its gaps"
    page.emulate_media(media="print")
    assert all(gap.title in page.locator("#summary").inner_text() for gap in assessed().posture.first())
    assert page.locator(".view [data-heading]:visible").count() == 1
    assert not page.locator("nav:visible, form:visible, button:visible").count()
    page.emulate_media(media="null")
    go(page, "#findings?severity=critical")
    assert pages_on_paper(page) == 1
    page.emulate_media(media="print")
    assert page.locator(".view [data-heading]:visible").all_inner_texts() == ["Findings"]
    assert "severity: critical" in page.locator("main").inner_text(), "the filters stand on paper, too"


def test_the_same_assessment_gives_the_same_bytes() -> None:
    assert estates.written(assessed()) == estates.written(assessed())


def test_what_is_waived_is_shown_as_that(visit: Open) -> None:
    page = visit("waived", "#waivers")
    standings = page.locator(".view.current tbody .sign").all_inner_texts()
    assert [text.split(maxsplit=1)[1] for text in standings] == ["Expired", "Ends soon", "Holds"]
    follow(page.locator(".view.current tbody .figures a").last)
    waived = sum(finding.check == "ebs-volume-encrypted" for finding in assessed().findings())
    assert counted(page) == waived > 0
    expect(page.locator(".view.current tbody .sign").first).to_contain_text("Waived")
    expect(page.locator(".view.current tbody")).to_contain_text("Waived until 2027-01-31 by o@example.com: a move")
    go(page, "#findings?waived=no")
    assert counted(page) == sum(1 for _ in assessed().findings()) - waived
    go(page, "#changed")
    assert page.locator(".view.current h3").count() == 6
    go(page, "#not-read")
    expect(page.locator(".view.current")).to_contain_text("there is no check 'ebz-*'")
