"""The screenshot of the README: `python docs/images/make.py`, after `make demo`.

It needs Chromium (the system's, or playwright's own), and opens no connection.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "out" / "report.html"
PICTURE = Path(__file__).with_name("report.png")
WIDTH, HEIGHT = 1280, 1090


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.route("http*://**", lambda route: route.abort())
        page.goto(REPORT.as_uri())
        page.wait_for_load_state("networkidle")
        page.screenshot(path=PICTURE, animations="disabled")
        browser.close()
    with Image.open(PICTURE) as image:  # a screen of few colours needs no more than a palette
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
