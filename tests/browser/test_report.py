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
from tests.browser.conftest import Open, follow, go
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


def counts(page: Page, number: int) -> None:
    """Wait until a view says that it has so many findings or responsibilities."""
    expect(page.locator(".view.current .counted")).to_have_text(re.compile(rf"^{number:,}\b"))


def is_at(page: Page, place: str) -> None:
    """Wait until the page itself has an address that ends so: `page.url` is what the browser has told of it so far."""
    page.wait_for_function("place => location.href.endsWith(place)", arg=place)


def test_the_summary_says_how_it_stands(visit: Open) -> None:
    page = visit("example")
    expect(heading(page)).to_have_text(f"{assessed().posture.summary}.")
    expect(page).to_have_title(re.compile(r"^\d+ of \d+ owed are met.* – .*examples/estate"))
    expect(page.locator("h1")).to_contain_text("examples/estate")
    worst = assessed().posture.first()[0]
    expect(page.locator("#summary .first li").first).to_contain_text(worst.title)
    expect(page.locator(".picture:visible")).to_have_count(1)
    expect(page.locator("#summary")).to_contain_text("no evidence on file")


def test_what_could_not_be_read_comes_first(visit: Open) -> None:
    page = visit("evidence")
    text = page.locator("#summary").inner_text()
    order = ("Could not be read", "rds:DescribeDBInstances", "SHA-256", "owed are met", "What to do first")
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    follow(page.get_by_role("link", name="All 7 that could not be read"))
    expect(heading(page)).to_have_text("What was not read")
    expect(page.locator("#not-read li", has_text="AccessDenied")).to_have_count(7)
    listed = "as many as are listed: 7 and one piece of evidence"
    expect(page.locator("nav .count").last, listed).to_have_text("8")


def test_evidence_that_expires(visit: Open) -> None:
    page = visit("evidence")
    text = page.locator("#summary").inner_text()
    expired, soon = text.index("Expired: it proves nothing any more"), text.index("Expires within 30 days")
    assert expired < text.index("Secure coding, last year") < soon < text.index("SOC 2 Type II")
    assert "41 of 41" not in text, "what expires in 31 days is not among it"
    go(page, "#evidence")
    rows = page.locator("#evidence tbody tr")
    words = ["Expired", "Proves expires within 30 days", "Proves", "Not valid yet", "Failed", "Contradicted"]
    expect(rows).to_have_count(len(words) + 1)
    shown = [" ".join(text.split()[1:]) for text in rows.locator("td:first-child").all_inner_texts()]
    assert shown == [*words, "Incomplete"]
    link = page.locator("#evidence a", has_text="https://aws.amazon.com/artifact/")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_down_from_area_to_resource_and_back(visit: Open) -> None:
    page = visit("example")
    page.locator('.picture a[href="#area/encryption"]').click()
    expect(heading(page)).to_have_text("Encryption")
    halves = page.locator('[id="area/encryption"] .half')
    expect(halves.nth(0).locator("h3")).to_have_text("AWS provides")
    expect(halves.nth(1).locator("h3")).to_have_text("You owe")
    follow(halves.nth(1).get_by_role("link", name="Enable encryption at rest"))
    expect(heading(page)).to_have_text("Enable encryption at rest")
    section = page.locator(f'[id="responsibility/{ENCRYPTED}"]')
    for said in ("Why it is yours and not AWS’s", "AWS offers EBS encryption", "Why it is a gap", "SC-28"):
        expect(section).to_contain_text(said)
    follow(section.locator(".live").get_by_role("link", name="BuildCache"))
    expect(heading(page)).to_have_text("BuildCache")
    expect(page.locator("#made")).to_contain_text("examples/estate/operations.yaml:70")
    expect(page.locator("#made")).to_contain_text("is not encrypted")
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
    everything = list(assessed().judgement.findings())
    findings = [f for f in everything if f.severity == "high" and f.verdict == "fail"]
    page = visit("example", "#findings")
    counts(page, len(everything))
    page.get_by_label("Severity").select_option("high")
    page.get_by_label("Verdict").select_option("fail")
    counts(page, len(findings))
    query = page.evaluate("location.href").partition("?")[2]
    assert parse_qs(query) == {"verdict": ["fail"], "severity": ["high"]}
    page.locator("#made").get_by_label("Words").fill("lambda SECRETS")
    told = [f for f in findings if "lambda" in f.check and "secrets" in f.check]
    assert told
    counts(page, len(told))
    expect(page.locator("#said")).to_have_text(page.locator("#made .counted").inner_text())
    shared = page.evaluate("location.href")
    page.get_by_role("button", name="Clear").click()
    counts(page, len(everything))
    page.goto("about:blank")
    page.goto(shared)
    counts(page, len(told))
    expect(page.locator("#made").get_by_label("Words")).to_have_value("lambda SECRETS")
    expect(page.get_by_label("Severity")).to_have_value("high")


def test_account_and_region_filters(visit: Open) -> None:
    page = visit("large", "#roll-ups")
    expect(page.locator("h1"), "global is no region").to_contain_text("200 accounts, 5 regions")
    expect(page.get_by_role("link", name="in no region")).to_have_attribute("href", "#findings?region=global")
    account = estates.accounts(200)[3]
    follow(page.get_by_role("link", name=account))
    counts(page, 10_000 // 200)
    page.get_by_label("Region").select_option("us-west-2")
    counts(page, 10_000 // 200)
    page.get_by_label("Region").select_option("us-east-1")
    expect(page.locator("#made").get_by_text("Nothing is like this.")).to_have_count(1)
    go(page, "#roll-ups")
    follow(page.get_by_role("link", name="payments"))
    exactly = len(range(0, 10_000, 3))
    counts(page, exactly)  # a tag that is exactly that, and none that only begins so
    page.get_by_label("Tag").fill("TEAM=pay")
    counts(page, exactly + len(range(1, 10_000, 3)))


def test_findings_of_a_service_a_check_and_a_framework(visit: Open) -> None:
    assessment = assessed()
    findings = list(assessment.judgement.findings(passes=False))
    tables = set(assessment.model.service["s3"].tables)
    standard = checks_of(framework("cis-aws-5.0"), assessment.checks, assessment.model)
    page = visit("example", "#findings")
    form = page.locator("#made form")
    form.get_by_label("Service").select_option("s3")
    some = [finding for finding in findings if finding.table in tables]
    cited = [finding for finding in some if finding.check in standard]
    of_check = [finding for finding in findings if finding.check == "ebs-volume-encrypted"]
    assert some and cited and of_check
    counts(page, len(some))
    form.get_by_label("Framework").select_option("cis-aws-5.0")
    counts(page, len(cited))
    page.get_by_role("button", name="Clear").click()
    form.get_by_label("Check").select_option("ebs-volume-encrypted")
    counts(page, len(of_check))
    page.get_by_role("button", name="Clear").click()

    def begins(column: str, text: str) -> None:
        expect(page.locator(f"#made tbody td.{column}").first).to_have_text(text, use_inner_text=True)

    for heading_, column, values in (
        ("Resource", "of-resource .path", [finding.resource for finding in findings if finding.resource]),
        ("What was found", "what .reason", [finding.reason for finding in findings]),
    ):
        follow(page.locator("#made thead").get_by_role("link", name=heading_))
        expect(page.locator(f"#made th:has-text('{heading_}')")).to_have_attribute("aria-sort", "ascending")
        begins(column, min(values))
        follow(page.locator("#made thead").get_by_role("link", name=heading_))
        is_at(page, f"sort=-{heading_.lower().replace(' ', '-')}")
    begins("what .reason", max(finding.reason for finding in findings))
    follow(page.locator("#made thead").get_by_role("link", name="Severity"))
    begins("lead-in .severity", "critical")  # by how bad it is, not by its letters
    form.get_by_label("Verdict").select_option("unknown")
    is_at(page, "sort=severity&verdict=unknown")  # filters keep the order


def test_pages_of_findings(visit: Open) -> None:
    page = visit("large", "#findings")
    shown, row = page.locator("#made .counted"), page.locator("#made tbody tr").first
    first = row.inner_text()
    follow(page.get_by_role("link", name="Next"))
    expect(shown).to_contain_text("51 to 100 shown")
    is_at(page, "#findings?page=2")
    expect(row).not_to_have_text(first, use_inner_text=True)
    follow(page.get_by_role("link", name="Last"))
    expect(shown).to_contain_text("9,951 to 10,000 shown")
    page.go_back()
    page.go_back()
    expect(shown).to_contain_text("1 to 50 shown")
    expect(row).to_have_text(first, use_inner_text=True)
    go(page, "#findings?page=999999")
    expect(shown).to_contain_text("9,951 to 10,000")
    inside = "cells => cells.every(cell => cell.scrollWidth <= cell.clientWidth)"
    expect(page.locator("#made td.lead-in").first).to_contain_text("Unknown")
    assert page.locator("#made td").evaluate_all(inside), "no cell reaches into its neighbour"


def test_the_list_of_responsibilities(visit: Open) -> None:
    page = visit("example")
    follow(page.locator("#summary").get_by_role("link", name="Gaps", exact=False).first)
    gaps = assessed().posture.first()
    expect(heading(page)).to_have_text("All responsibilities")
    counts(page, len(gaps))
    expect(page.locator("#responsibility-rows tr:visible")).to_have_count(len(gaps))
    page.locator("#responsibilities").get_by_label("Area").select_option("encryption")
    counts(page, sum(gap.area == "encryption" for gap in gaps))
    page.locator("#responsibilities").get_by_label("Words").fill("no such thing")
    counts(page, 0)


def test_search_finds_everything(visit: Open) -> None:
    page = visit("example")
    box = page.get_by_role("searchbox", name="Search the whole report")
    box.press_sequentially("uploads")
    is_at(page, "#search?q=uploads")
    expect(page.locator("#made h3", has_text="Resources (1)")).to_have_count(1)
    expect(page.locator("#search-text"), "typing is not interrupted").to_be_focused()
    box.press("Enter")
    expect(page.locator("#made [data-heading]")).to_be_focused()
    follow(page.locator("#made").get_by_role("link", name="Uploads", exact=True))
    expect(page.locator("#made")).to_contain_text("examples/estate/catalogue/catalogue.yaml")
    expect(box).to_have_value("")
    go(page, "#search?q=KMS+rotate")
    expect(page.locator("#made").get_by_role("link", name="Rotate your keys")).to_be_visible()
    go(page, "#search?q=nosuchthing")
    expect(page.locator("#made")).to_contain_text("Nothing in this report has all of these words.")


NOWHERE = ("#responsibility/none", "#nowhere", "#made", "#data", "#resource/%zz?file=a", "#check/__proto__")


def test_an_address_that_leads_nowhere(visit: Open) -> None:
    """Opened there, and led there: both take the same way."""
    page = visit("example", NOWHERE[0])
    for place in NOWHERE:
        go(page, place)
        expect(heading(page), place).to_have_text("Nothing has this address")
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
    page.wait_for_function("getComputedStyle(document.activeElement).outlineStyle === 'solid'")  # focus is seen
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("JumpSecurityGroup")
    go(page, "#findings")
    expect(heading(page)).to_be_focused()
    press_until(page, "searchbox", "Words")
    page.keyboard.type("JumpSecurityGroup")
    expect(page.locator("input[name=q]:visible")).to_have_value("JumpSecurityGroup")
    expect(page.locator(".view.current .counted")).to_have_text(re.compile(r"^[1-9]\b"))


def press_until(page: Page, role: str, name: str, most: int = 120) -> None:
    """Press Tab until something has the focus; fail if it never does."""
    page.get_by_role(role, name=name).evaluate_all("those => { wanted = those }")  # type: ignore[arg-type]
    page.evaluate("'moved' in window || addEventListener('focusin', () => { moved += 1 }); moved = 0")
    for number in range(1, most + 1):
        page.keyboard.press("Tab")
        page.wait_for_function("number => moved >= number", arg=number)
        if page.evaluate("wanted.includes(document.activeElement)"):
            return
    pytest.fail(f"Tab does not reach {name}")


BACKGROUND = "getComputedStyle(document.body).backgroundColor"
OTHER = f"before => {BACKGROUND} !== before"


def background(page: Page) -> str:
    told: str = page.evaluate(BACKGROUND)
    return told


def test_themes(visit: Open) -> None:
    page = visit("example", color_scheme="light")
    light = background(page)
    page.get_by_role("button", name="Dark theme").click()
    page.wait_for_function(OTHER, arg=light)
    dark = background(page)
    # The first page stays: a busy browser can lose for good what a page has stored that is gone at once.
    later = page.context.new_page()
    later.goto(page.url)
    until = time.monotonic() + PATIENCE
    while background(later) != dark and time.monotonic() < until:
        later.wait_for_timeout(100)
        later.reload()
    assert background(later) == dark, "the choice is remembered"
    later.close()
    page.get_by_role("button", name="Light theme").click()
    page.wait_for_function(OTHER, arg=dark)
    assert background(page) == light
    assert background(visit("example", color_scheme="dark")) == dark


def test_themes_where_nothing_may_be_stored(visit: Open) -> None:
    page = visit("example", anew=True)
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('denied', 'SecurityError') }})"
    )
    page.reload()
    before = background(page)
    page.get_by_role("button", name="Dark theme").click()
    page.wait_for_function(OTHER, arg=before)


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
    text = page.locator("main").inner_text()  # of which nothing changes any more
    for said in ("Scripts are off", "owed are met", "What to do first", "Why it is a gap", "All services"):
        assert said in text
    titles = page.locator(".view [data-heading]:visible").all_inner_texts()
    assert {owed.title for owed in assessed().posture.responsibilities} <= set(titles)
    offered = page.locator(".scripted:visible, .screen:visible")
    expect(offered, "nothing that needs scripts is offered").to_have_count(0)


def test_a_script_that_fails_leaves_the_document(visit: Open) -> None:
    page = visit("example")
    page.evaluate("dispatchEvent(new ErrorEvent('error'))")
    expect(page.locator(".view [data-heading]:visible").nth(100)).to_be_visible()


def pages_on_paper(page: Page) -> int:
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def test_it_prints_what_is_in_view(visit: Open) -> None:
    page = visit("example")
    assert pages_on_paper(page) <= 2, "the summary and its gaps"
    page.emulate_media(media="print")
    expect(page.locator(".view [data-heading]:visible")).to_have_count(1)
    expect(page.locator("nav:visible, form:visible, button:visible")).to_have_count(0)
    for gap in assessed().posture.first():
        expect(page.locator("#summary")).to_contain_text(gap.title)
    page.emulate_media(media="null")
    go(page, "#findings?severity=critical")
    assert pages_on_paper(page) == 1
    page.emulate_media(media="print")
    expect(page.locator(".view [data-heading]:visible")).to_have_text(["Findings"])
    expect(page.locator("main"), "the filters stand on paper, too").to_contain_text("severity: critical")


def test_the_same_assessment_gives_the_same_bytes() -> None:
    assert estates.written(assessed()) == estates.written(assessed())


def test_what_is_waived_is_shown_as_that(visit: Open) -> None:
    page = visit("waived", "#waivers")
    standings = [re.compile(rf"\b{standing}$") for standing in ("Expired", "Ends soon", "Holds")]
    expect(page.locator(".view.current tbody .sign")).to_have_text(standings)
    follow(page.locator(".view.current tbody .figures a").last)
    waived = sum(finding.check == "ebs-volume-encrypted" for finding in assessed().findings())
    assert waived
    counts(page, waived)
    expect(page.locator(".view.current tbody .sign").first).to_contain_text("Waived")
    expect(page.locator(".view.current tbody")).to_contain_text("Waived until 2027-01-31 by o@example.com: a move")
    go(page, "#findings?waived=no")
    counts(page, sum(1 for _ in assessed().findings()) - waived)
    go(page, "#changed")
    expect(page.locator(".view.current h3")).to_have_count(6)
    go(page, "#not-read")
    expect(page.locator(".view.current")).to_contain_text("there is no check 'ebz-*'")
