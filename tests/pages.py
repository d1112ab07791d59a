"""Pages as a reader's browser gets them, read strictly: what is not well-formed is an error."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx
from fastapi import FastAPI

from app.access.permissions import Role
from tests.council import Council
from tests.identity import Browser

_VOID = {"br", "hr", "img", "input", "link", "meta"}
# What a browser would close by itself, and we do not leave to it.
# What a table of cards says of itself, as it is laid out as none on a telephone.
_ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
_OF_HEADING = {
    "col": "columnheader",
    "colgroup": "columnheader",
    "row": "rowheader",
    "rowgroup": "rowheader",
}
_HEADINGS = ("h1", "h2", "h3", "h4")


@dataclass
class Page(HTMLParser):
    """A page: its text, and what tests ask about."""

    texts: list[str] = field(default_factory=list)
    title: str = ""
    headings: list[tuple[str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    unlabelled: dict[str, str] = field(default_factory=dict)
    described: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    _open: list[tuple[str, dict[str, str], list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if len(given) < len(attrs):
            self.wrong.append(f"<{tag}> says something twice")
        if "style" in given or any(name.startswith("on") for name in given):
            self.wrong.append(f"<{tag}> is styled or scripted within the page")
        if "id" in given:
            self.ids.append(given["id"])
        self.loaded += [given[n] for n in ("src", "action") if n in given]
        if tag == "script" and not given.get("src", "").startswith("/dashboard/static/charts."):
            self.wrong.append("a script stands within the page, or is not that of charts")
        if tag == "link":
            self.loaded.append(given["href"])
        if tag == "label":
            self.labels.add(given["for"])
            self.unlabelled.pop(given["for"], None)
        if tag in ("input", "select", "textarea"):
            self.fields[given["name"]] = given.get("value", "")
            # A box to tick is followed by its label.
            if given.get("type") != "hidden" and given["id"] not in self.labels:
                self.unlabelled[given["id"]] = given["name"]
        self._check_card(tag, given)
        for name in ("aria-describedby", "aria-labelledby"):
            self.described += given.get(name, "").split()
        if tag not in _VOID:
            self._open.append((tag, given, []))

    def _check_card(self, tag: str, given: dict[str, str]) -> None:
        tables = [of for name, of, _ in self._open if name == "table"]
        within = given if tag == "table" else next(iter(tables), {})
        role = _OF_HEADING[given["scope"]] if tag == "th" else _ROLES.get(tag)
        if within.get("class") == "cards" and role is not None:
            if given.get("role") != role:
                self.wrong.append(f"<{tag}> of a table of cards is no {role}")
            if tag == "td" and not given.get("data-label"):
                self.wrong.append("a cell of a card does not say what it is")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        for _, _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            self.wrong.append(f"</{tag}> closes what is not open last")
            return
        _, given, texts = self._open.pop()
        text = " ".join("".join(texts).split())
        if tag == "title":
            self.title = text
        if tag in _HEADINGS:
            self.headings.append((tag, text))
        if tag == "a":
            self.links.append((given["href"], text))
        if tag == "data":
            self.values.append((given["value"], text))
        if "withheld" in given.get("class", "").split() and tag == "span":
            self.withheld.append(text)

    def finished(self) -> "Page":
        self.close()
        self.wrong += [f"<{tag}> is never closed" for tag, _, _ in self._open]
        self.wrong += [f"the field {name} has no label" for name in self.unlabelled.values()]
        twice = {each for each in self.ids if self.ids.count(each) > 1}
        self.wrong += [f"two things have the id {each}" for each in sorted(twice)]
        self.wrong += [f"nothing has the id {e}" for e in self.described if e not in self.ids]
        within = [href[1:] for href, _ in self.links if href.startswith("#")]
        self.wrong += [f"#{each} leads nowhere" for each in within if each not in self.ids]
        self.wrong += [f"a link to {href} says nothing" for href, text in self.links if not text]
        levels = [int(tag[1]) for tag, _ in self.headings]
        jumps = any(b > a + 1 for a, b in pairwise(levels))
        if jumps or levels.count(1) != 1:
            self.wrong.append(f"the headings go {levels}")
        return self


def read(answer: httpx.Response) -> Page:
    """An answer that must be a page, held against what every page of ours must be."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.text.startswith('<!doctype html>\n<html lang="en-GB">')
    page = Page()
    page.feed(answer.text)
    page.finished()
    assert page.wrong == []
    assert not page.tags & {"style", "iframe", "img", "object"}
    # Only pages with charts have a script, from its file; no other page may run any.
    assert ("script" in page.tags) == policy.endswith("; script-src 'self'; connect-src 'self'")
    assert ("script" in page.tags) == ("data-bundle=" in answer.text)
    assert not re.search(r"url\((?!#)", answer.text)
    foreign = [each for each in page.loaded if not each.startswith("/")]
    assert foreign == []
    assert [href for href, _ in page.links if not href.startswith(("/", "#"))] == []
    return page


def browser(app: FastAPI) -> Browser:
    """A browser that says that somebody reads its pages."""
    ours = Browser(app)
    ours.http.headers["Accept"] = "text/html,application/xhtml+xml"
    return ours


async def reader(app: FastAPI, council: Council, role: Role, **options: Any) -> Browser:
    """A browser in which somebody of that role is signed in."""
    ours = browser(app)
    entered = await ours.sign_in_with(await council.key(role, **options))
    assert entered.status_code == 303
    return ours
