"""Debian's Chromium, driven by Playwright. Nothing is downloaded, and it reaches nothing but loopback."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Locator, Page, Request, expect, sync_playwright

PROGRAM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
WHY: Final = (
    "NO BROWSER: chromium is not installed (apt-get install chromium), pages are tried less"
)
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason=WHY)

DESKTOP: Final = (1280, 900)
TELEPHONE: Final = (360, 740)
_PATIENCE_MS: Final = 60_000
# What is expected of a page has a patience of its own, five seconds unless told.
expect.set_options(timeout=_PATIENCE_MS)
_MOST_TABS: Final = 200

# WCAG 2.2 AA, and what axe-core holds good practice: headings in order, one main landmark.
_AXE_TAGS: Final = (
    *("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"),
    "best-practice",
)
_AXE: Final = """async (tags) => {
  const found = await axe.run({runOnly: tags, resultTypes: ['violations']});
  return found.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 200))]);
}"""

# How far a page is wider than its window, and by what.
_TOO_WIDE: Final = """() => {
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= width) return [];
  const wide = [...document.body.querySelectorAll('*')]
    .filter(e => e.getBoundingClientRect().right > width + 1 && !e.closest('.table, .picture'));
  return [document.scrollingElement.scrollWidth, ...wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120))];
}"""

_FOCUS: Final = """wanted => {
  const focused = document.activeElement, style = getComputedStyle(focused);
  const box = focused.getBoundingClientRect();
  return {
    what: focused.outerHTML.slice(0, 120),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    reached: focused === wanted,
    there: box.bottom > 0 && box.top < innerHeight && box.width > 0,
  };
}"""


@dataclass
class Visit:
    """A window on the service, and everything that went wrong in it."""

    page: Page
    base_url: str
    policy: str = ""
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.on("request", self._asked)

    def _note(self, kind: str, text: str) -> None:
        # A page that says what is wrong has a status that says so too, and the console repeats it.
        if kind in ("error", "warning") and "the server responded with a status of 4" not in text:
            self.troubles.append(f"{kind}: {text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.base_url + "/"):
            self.troubles.append(f"asks for {request.url}")

    def go(self, address: str) -> int:
        """Open a page by its address; returns the status of the answer."""
        answer = self.page.goto(self.base_url + address)
        assert answer is not None
        self.policy = answer.headers.get("content-security-policy", "")
        return answer.status

    @property
    def heading(self) -> str:
        return " ".join(" ".join(self.page.locator("h1").all_inner_texts()).split())

    def violations(self) -> list[Any]:
        """What axe-core has against the page as it is now."""
        self.page.evaluate(AXE_SCRIPT)
        found: list[Any] = self.page.evaluate(_AXE, list(_AXE_TAGS))
        return found

    def too_wide(self, width: int, *, text: str = "100%") -> list[Any]:
        """What makes the page scroll sideways in a window of that width, its text so large."""
        size = self.page.viewport_size
        assert size is not None
        enlarge = "size => { document.documentElement.style.fontSize = size }"
        self.page.set_viewport_size({"width": width, "height": size["height"]})
        self.page.evaluate(enlarge, text)
        found: list[Any] = self.page.evaluate(_TOO_WIDE)
        self.page.evaluate(enlarge, "")
        self.page.set_viewport_size(size)
        return found

    def tab_to(self, target: Locator) -> None:
        """Press Tab until something has the focus; what has it on the way must show it, in sight."""
        wanted = target.element_handle()
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            focus: Mapping[str, Any] = self.page.evaluate(_FOCUS, wanted)
            assert focus["ring"], f"focus is not seen on {focus['what']}"
            assert focus["there"], f"focus is out of sight on {focus['what']}"
            if focus["reached"]:
                return
        raise AssertionError(f"{_MOST_TABS} times Tab do not lead to {target}")

    def enter(self, target: Locator) -> None:
        """Go to a link or a button by Tab and press Enter; returns when the page it leads to is there."""
        self.tab_to(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


@contextmanager
def started() -> Iterator[Browser]:
    """The browser, while the block runs. No event loop can be entered in this thread meanwhile."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=PROGRAM,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
            # Dates are shown as the browser's own language has them.
            env={**os.environ, "LANGUAGE": "en_GB"},
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser,
    base_url: str,
    size: tuple[int, int] = DESKTOP,
    *,
    session: str | None = None,
    script: bool = True,
) -> Iterator[Visit]:
    """A window of its own, signed in by the cookie of a session; it must end without trouble."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=script, locale="en-GB"
    )
    context.set_default_timeout(_PATIENCE_MS)
    try:
        if session is not None:
            context.add_cookies([{"name": "pilotlight", "value": session, "url": base_url}])
        window = Visit(context.new_page(), base_url)
        yield window
        assert window.troubles == [], window.troubles
    finally:
        context.close()
