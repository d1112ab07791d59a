"""The checks of the browser tests can fail: each is held against a page with the fault that it looks for."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Route

from app.dashboard import rendering
from tests.chromium import DESKTOP, Visit, needs_chromium, started, visit
from tests.test_browser import problems_of

BASE = "http://127.0.0.1:9"
RIGHT = """<!doctype html><html lang="en-GB"><head><meta charset="utf-8">
<title>Pilots – Pilotlight</title></head>
<body><main><h1>Pilots</h1><p>Some text.</p></main></body></html>"""
WIDE = '<p><span id="wide">' + "x" * 600 + "</span></p></main>"

# What is made of the page, and what must be said of it.
FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "no label": (lambda h: h.replace("</main>", '<input type="text"></main>'), "label"),
    "grey on grey": (
        lambda h: h.replace("<p>", '<p><font color="#aaaaaa">pale</font>'),
        "color-contrast",
    ),
    "a level left out": (lambda h: h.replace("</main>", "<h3>Deep</h3></main>"), "heading-order"),
    "outside of landmarks": (lambda h: h.replace("<main>", "<p>Lost</p><main>"), "region"),
    "no language": (lambda h: h.replace(' lang="en-GB"', ""), "html-has-lang"),
    "no heading": (lambda h: h.replace("h1>", "p>"), "headings of the first level"),
    "no title": (lambda h: re.sub("<title>.*</title>", "", h), "is called"),
    "another title": (lambda h: h.replace("Pilots –", "Seats –"), "Pilots is called Seats"),
    "a script within": (
        lambda h: h.replace("</main>", "<script>window.ran = 1</script></main>"),
        "Content Security Policy",
    ),
    "a style within": (
        lambda h: h.replace("</main>", "<style>p { color: red }</style></main>"),
        "Content Security Policy",
    ),
    "a style on something": (
        lambda h: h.replace("<p>", '<p style="color: black">'),
        "Content Security Policy",
    ),
    "a script with eval": (
        lambda h: h.replace("</main>", '<script src="/eval.js"></script></main>'),
        "unsafe-eval",
    ),
    "another host": (
        lambda h: h.replace("</main>", '<img alt="" src="http://127.0.0.1:10/a.png"></main>'),
        "asks for http://127.0.0.1:10",
    ),
    "too wide": (lambda h: h.replace("</main>", WIDE), "wide"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


def _found(window: Visit, html: str, policy: str) -> list[object]:
    def answer(route: Route) -> None:
        if route.request.url.endswith("eval.js"):
            route.fulfill(body="eval('1')", content_type="text/javascript")
            return
        headers = {"Content-Security-Policy": policy}
        route.fulfill(body=html, content_type="text/html", headers=headers)

    window.page.route(f"{BASE}/**", answer)
    # Foreign requests are noted however they end.
    window.page.route("http://127.0.0.1:10/**", lambda route: route.abort())
    window.go("/page")
    return problems_of(window)


@needs_chromium
def test_a_right_page_passes_and_each_fault_is_found(browser: Browser) -> None:
    missed = {}
    policy = rendering.SCRIPTED_POLICY
    with visit(browser, BASE, DESKTOP) as window:
        assert _found(window, RIGHT, policy) == []
        for name, (spoil, told) in FAULTS.items():
            spoilt = spoil(RIGHT)
            assert spoilt != RIGHT, name
            found = str(_found(window, spoilt, policy))
            if told not in found:
                missed[name] = found
            window.troubles.clear()
        weak = policy.replace("style-src 'self'", "style-src 'unsafe-inline'")
        assert weak in str(_found(window, RIGHT, weak))
    assert missed == {}


def _leave_with_trouble(browser: Browser) -> None:
    with visit(browser, BASE, DESKTOP) as window:
        window.troubles.append("gone wrong")


@needs_chromium
def test_an_error_of_a_script_and_a_focus_that_is_not_seen_are_found(browser: Browser) -> None:
    with visit(browser, BASE, DESKTOP) as window:
        window.page.set_content(RIGHT)
        window.page.evaluate("() => console.error('gone wrong')")
        with window.page.expect_event("pageerror"):
            window.page.evaluate("() => setTimeout(() => { throw new Error('thrown') })")
        # Whoever leaves a window with troubles is told: see `visit`.
        assert window.troubles[0] == "error: gone wrong"
        assert "thrown" in str(window.troubles)
        window.troubles.clear()
    with pytest.raises(AssertionError, match="gone"):
        _leave_with_trouble(browser)
    with visit(browser, BASE, DESKTOP) as window:
        window.page.set_content("<style>a { outline: none }</style><a href='#a'>A</a>")
        with pytest.raises(AssertionError, match="focus is not seen"):
            window.tab_to(window.page.get_by_role("link"))
        window.page.set_content("<a href='#a' tabindex='-1'>A</a><a href='#b'>B</a>")
        with pytest.raises(AssertionError, match=r"focus is not seen on <body|do not lead to"):
            window.tab_to(window.page.get_by_text("A", exact=True))
