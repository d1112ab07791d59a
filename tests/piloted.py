"""What a pilot lead does in the browser, by mouse or finger, or by keyboard alone: the same steps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from playwright.sync_api import FilePayload, Locator, expect

from app.core import clock
from tests.chromium import Visit
from tests.visited import LEAD

WHO: Final = [f"S{number:04}" for number in range(1, 7)]
# Minutes of somebody's day, before the pilot and during it.
_DAYS: Final = {-25: {"forms": 240, "visit": 120}, -5: {"forms": 120, "visit": 240}}


@dataclass(frozen=True)
class Hands:
    """How fields are filled in and what leads on is followed."""

    window: Visit
    keyboard: bool = False

    def at(self, target: Locator) -> Locator:
        if self.keyboard:
            self.window.tab_to(target)
        return target

    def write(self, label: str, text: str) -> None:
        field = self.at(self.window.page.get_by_label(label, exact=True))
        if self.keyboard:
            self.window.page.keyboard.type(text)
        else:
            field.fill(text)

    def day(self, label: str, day: date) -> None:
        self.write(label, self._typed(day) if self.keyboard else day.isoformat())

    def _typed(self, day: date) -> str:
        """A date is typed as the browser's language has it, its parts one after another."""
        beside = self.window.page.context.new_page()
        beside.set_content('<input type="date" autofocus>')
        beside.keyboard.press("Tab")
        beside.keyboard.type("03022001")
        day_first = beside.locator("input").input_value() == "2001-02-03"
        beside.close()
        return f"{day:%d%m%Y}" if day_first else f"{day:%m%d%Y}"

    def choose(self, label: str, option: str) -> None:
        field = self.at(self.window.page.get_by_label(label, exact=True))
        if self.keyboard:
            self.window.page.keyboard.type(option)
        else:
            field.select_option(label=option)

    def pick(self, target: Locator) -> None:
        """Mark one of several: the first is what Tab leads to, arrows lead on."""
        if self.keyboard:
            self.window.tab_to(target)
            self.window.page.keyboard.press("Space")
        else:
            target.check()

    def attach(self, label: str, name: str, lines: list[str]) -> None:
        payload: FilePayload = {
            "name": name, "mimeType": "text/csv", "buffer": "\n".join(lines).encode()
        }  # fmt: skip
        field = self.window.page.get_by_label(label, exact=True)
        if not self.keyboard:
            field.set_input_files(payload)
            return
        # Listened for from before the way there: what listens from now on may do so too late for the key.
        self.window.page.on("filechooser", lambda _: None)
        self.window.tab_to(field)
        with self.window.page.expect_file_chooser() as chosen:
            self.window.page.keyboard.press("Space")
        chosen.value.set_files(payload)

    def follow(self, role: str, name: str) -> None:
        """A link or a button, and on to the page that it leads to."""
        roles: dict[str, Callable[[], Locator]] = {
            "link": lambda: self.window.page.get_by_role("link", name=name, exact=True),
            "button": lambda: self.window.page.get_by_role("button", name=name, exact=True),
        }
        target = roles[role]().first
        if self.keyboard:
            self.window.enter(target)
        else:
            target.click()


def lead_a_pilot(hands: Hands, name: str) -> None:
    """Set a pilot up, enrol staff from a CSV, take answers and samples in, and read the scorecard."""
    page, code = hands.window.page, name.replace(" ", "-")
    today = clock.now().date()
    hands.follow("link", "Set up a pilot")
    hands.write("Code", code)
    hands.write("Name", name)
    hands.choose("What is tried", "Social care")
    hands.write("Staff number of its lead", LEAD)
    hands.day("First day", today - timedelta(days=14))
    hands.day("First day after it", today + timedelta(days=60))
    hands.day("First day of the baseline", today - timedelta(days=28))
    hands.day("First day after the baseline", today - timedelta(days=14))
    hands.follow("button", "Set it up")
    expect(page.locator("h1")).to_have_text("Set-up")
    for step in ("Planned", "Running"):
        hands.choose("Next step", step)
        hands.follow("button", "Take this step")
        expect(page.get_by_role("heading", level=2).first).to_contain_text(step.lower())

    members = ["person_external_id,arm", *(f"{number},pilot" for number in WHO)]
    hands.follow("link", "import a file of members")
    _import(hands, "members.csv", members, len(WHO))
    _back_to(hands, name)
    hands.follow("link", "Set-up")
    expect(page.get_by_role("region", name="Who takes part").locator("tbody tr")).to_have_count(6)

    hands.follow("link", "Bring in time samples from a file")
    _import(hands, "samples.csv", _samples(code, today), 2 * 2 * len(WHO))
    _back_to(hands, name)
    hands.follow("link", "Your week")
    monday = today - timedelta(days=today.weekday() + 7)
    hands.choose("Which week?", f"Week beginning {monday.day} {monday:%B %Y}")
    hands.pick(page.get_by_role("group", name="How content are you").get_by_label("1"))
    hands.write("Your staff number", WHO[0])
    hands.follow("button", "Send")
    expect(page.get_by_role("status")).to_have_text("Your answer is recorded.")
    _back_to(hands, name)
    hands.follow("link", "What are you doing now?")
    hands.follow("button", "Visit")
    expect(page.get_by_role("status")).to_contain_text("Recorded: Visit")

    _back_to(hands, name)
    expect(page.locator(".headline")).to_have_text(
        "Admin to direct work: 67:33 before, 33:67 during the pilot"
    )
    satisfied = page.locator(".figure").filter(has_text="Satisfaction")
    expect(satisfied.locator(".value").first).to_have_text("1 point of 1 to 5")


def _import(hands: Hands, name: str, lines: list[str], count: int) -> None:
    page = hands.window.page
    hands.attach("File", name, lines)
    hands.follow("button", "Check the file")
    expect(page.get_by_role("status")).to_contain_text("Nothing is written yet.")
    hands.follow("button", "Import it")
    expect(page.get_by_role("status")).to_contain_text(f"{count} new")


def _back_to(hands: Hands, name: str) -> None:
    hands.window.page.wait_for_load_state()
    if hands.window.page.get_by_label("Breadcrumbs").get_by_role("link", name=name).count() == 0:
        hands.follow("link", "Pilots")
    hands.follow("link", name)


def _samples(code: str, today: date) -> list[str]:
    rows = [
        f"{category},{today + timedelta(days=days)}T09:00:00+00:00,test,{code}-{who}-{days}-{category},"
        f"diary,{who},{minutes}"
        for who in WHO
        for days, spent in _DAYS.items()
        for category, minutes in spent.items()
    ]
    return ["category,started_at,source,source_ref,method,person_external_id,minutes", *rows]
