"""The same attacker on every other page: seats, coverage and quality of samples, published figures, the scorecard."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import product
from typing import Any

import httpx

from tests.attacker import (
    ACTIVE,
    BASELINE,
    BASELINE_WEEKS,
    EXCLUDED,
    GROUPINGS,
    RECORDED,
    START,
    UNMAPPED,
    WEEK,
    WORKING,
    Attack,
    Cell,
    Council,
    System,
    told_of,
)
from tests.council import good
from tests.licences import on

# Nobody is expected on a bank holiday: what is recorded on one of these Mondays covers nothing.
HOLIDAYS = (date(2024, 4, 1), date(2024, 5, 6))
DAY = timedelta(days=1)


class WiderAttack(Attack):
    """Every allowed query about one pilot, on every page that tells of its people."""

    def __init__(self, told: Council) -> None:
        super().__init__(told)
        recorded = told.doing(RECORDED)
        days = (told.ends_on - START).days
        active = {u for u in told.doing(ACTIVE) if told.has_access(u[0])}

        def seat(person: int) -> bool:
            return told.pools is not None and told.has_access(person)

        def used(person: int) -> bool:
            return any((person, week) in active for week in told.weeks)

        def lately(person: int) -> bool:
            return any(
                (person, week) in active and week + DAY > told.ends_on - 28 * DAY - DAY
                for week in told.weeks
            )

        self.systems |= {
            "samples": System(lambda u: float(len(told.spent.get((u[0], u[1]), ())))),
            "not sampled": System(
                lambda u: float(u[1] is not None and u not in recorded), may_be_few=True
            ),
            "seat-days": System(lambda u: float(days * seat(u[0]))),
            "seats in use": System(lambda u: float(seat(u[0]) and lately(u[0]))),
            "dormant seats": System(
                lambda u: float(seat(u[0]) and used(u[0]) and not lately(u[0]))
            ),
            "seats never used": System(lambda u: float(seat(u[0]) and not used(u[0]))),
        }

    async def run_beyond(
        self, admin: httpx.AsyncClient, reader: httpx.AsyncClient, path: str
    ) -> None:
        """Ask what tells of today on every Sunday's morrow; publish the figures of every week, and read them."""
        told = self.told
        monday = BASELINE
        while monday <= told.ends_on + WEEK:
            with on(str(min(monday, told.ends_on))):
                self._coverage(good(await reader.get(f"{path}/time-coverage")))
                self._quality(good(await reader.get(f"{path}/time-quality")))
            # The pages themselves are asked as of every week: every second one is enough here.
            if monday > START and ((monday - START).days % 14 == 7 or monday >= told.ends_on):
                await self._published(admin, reader, path, min(monday, told.ends_on) - DAY)
            monday += WEEK
        for asked in ({}, *({"group_by": grouping} for grouping in GROUPINGS)):
            page = f"{path}/metrics/licence-utilisation"
            found = good(await reader.get(page, params=asked))
            if found["pool_ids"]:
                self._seats(found, date.fromisoformat(found["as_of"]), asked.get("group_by"))
        for found in good(await reader.get("/licence-utilisation?limit=200"))["items"]:
            self._seats_of_a_pool(found)
        for pool in good(await reader.get("/licence-pools?limit=200"))["items"]:
            assert pool["allocated"] is pool["available"] is pool["waiting"] is None
        for day in (START + 2 * WEEK, told.ends_on - WEEK, told.ends_on):
            page = f"{path}/metrics/time-use/categories"
            self._categories(good(await reader.get(page, params={"as_of": str(day - DAY)})))
        self._card(good(await reader.get(f"{path}/scorecard")))
        self._feedback(good(await reader.get(f"{path}/feedback-summary")), told.ends_on - DAY, None)

    async def _published(
        self, admin: httpx.AsyncClient, reader: httpx.AsyncClient, path: str, day: date
    ) -> None:
        made = await admin.post(f"{path}/snapshots", json={"as_of": str(day)})
        assert made.is_success, made.text
        address = f"/snapshots/{made.json()['snapshot_id']}"
        found = good(await reader.get(address))
        pages = found["figures"]
        until = date.fromisoformat(pages["time_use"]["as_of"])
        self._time(pages["time_use"], until, None)
        self._feedback(pages["feedback"], until, None)
        self._adoption(pages["adoption"], until, None)
        if pages["licence_utilisation"]:
            self._seats(pages["licence_utilisation"], until, None)
        self._card(pages["scorecard"])
        self._moved(found["changes"]["inputs"])

    def _moved(self, inputs: list[dict[str, Any]]) -> None:
        """Rows of a day are what people did on it: two samples each, one answer, one of use."""
        everybody = range(len(self.told.places))
        for moved in inputs:
            if moved["kind"] not in ("time_samples", "feedback") or moved["day"] is None:
                continue
            monday = date.fromisoformat(moved["day"])
            cell = frozenset((person, monday) for person in everybody)
            rows = moved["added"]
            if moved["kind"] == "time_samples":
                self.systems["samples"].tell(cell, None if rows is None else float(rows))
            else:
                self.systems["answers"].tell(cell, None if rows is None else float(rows))

    def _categories(self, found: Mapping[str, Any]) -> None:
        """The window's totals by category; with the share of what is unmapped in all of it."""
        told, until = self.told, date.fromisoformat(found["as_of"])
        is_over = until >= told.ends_on - DAY
        for arm, phase in product(("pilot", "comparison"), ("baseline", "pilot")):
            cell = self._of_phase(told.who(arm), until, phase)
            amounts: dict[str, float | None] = {}
            everything = None
            for line in found["categories"]:
                share = (line if arm == "pilot" else line["comparison"] or {}).get(phase)
                if share is None:
                    continue
                assert is_over or share["suppressed"]
                category = line["code"] or "X-9"
                minutes = amounts[category] = told_of(share, "numerator")
                if category in WORKING | EXCLUDED:
                    self._minutes(cell, {category}, minutes)
                else:
                    assert minutes in (0, None)
                if line["class"] == "excluded" and not share["suppressed"]:
                    everything = share["denominator"]
            ratio = self.unmapped.get(phase) if arm == "pilot" and is_over else None
            if ratio and amounts.get("X-9"):
                everything = (amounts["X-9"] or 0) / ratio
            if ratio and everything is not None:
                self._minutes(cell, UNMAPPED, ratio * everything)
            if everything is not None:
                self._minutes(cell, WORKING | EXCLUDED, everything)

    def _card(self, card: Mapping[str, Any]) -> None:
        until = date.fromisoformat(card["as_of"])
        self._adoption_figures(card["adoption"], self.told.who("pilot"), until)
        own = self.told.who("pilot")
        ends = BASELINE + BASELINE_WEEKS * WEEK
        self._hours(self._cell(own, until), card["time_use"]["pilot"])
        self._hours(
            self._cell(own, until, since=BASELINE, before=ends), card["time_use"]["baseline"]
        )
        if card["licences"]:
            self._seats({"figures": card["licences"], "groups": []}, until, None)

    def _coverage(self, found: Mapping[str, Any]) -> None:
        until = date.fromisoformat(found["window"]["ends_on"]) - DAY
        for part in found["overall"]:
            of = part["window"]
            since, before = (START, None) if of == "pilot" else (BASELINE, START)
            cell = self._cell(self.told.who(part["arm"]), until, since=since, before=before)
            self._covered(cell, part)
        for week in found["weekly"]:
            monday = date.fromisoformat(week["starts_on"])
            cell = frozenset((person, monday) for person in self.told.who(week["arm"]))
            self._covered(cell, week)
            some, of_all = week["people_with_samples"], week["people_expected"]
            self.systems["person-weeks"].tell(cell, some)
            self.systems["not sampled"].tell(cell, None if some is None else float(of_all - some))

    def _covered(self, cell: Cell, part: Mapping[str, Any]) -> None:
        covered, beside = part["covered"], part["unexpected"]
        sampled = self.systems["person-weeks"]
        sampled.tell((u for u in cell if u[1] not in HOLIDAYS), covered)
        sampled.tell((u for u in cell if u[1] in HOLIDAYS), beside)
        if covered is not None:
            self.systems["not sampled"].tell(
                frozenset(u for u in cell if u[1] not in HOLIDAYS),
                float(part["expected"] - covered - sum(u[1] in HOLIDAYS for u in cell)),
            )
        whole = None if covered is None or beside is None else float(covered + beside)
        sampled.tell(cell, whole)

    def _quality(self, found: Mapping[str, Any]) -> None:
        told = self.told
        until = told.ends_on - DAY

        def cell(**of: str) -> Cell:
            some = [
                n
                for n in range(len(told.places))
                if all(getattr(told, f"{name}_of")(n) == value for name, value in of.items())
            ]
            return self._cell(some, until, since=BASELINE)

        parts = [(cell(), found["total"])]
        parts += [(cell(source=each["source"]), each) for each in found["sources"]]
        parts += [(cell(method=each["method"]), each) for each in found["methods"]]
        for of, each in parts:
            samples = each["samples"]
            self.systems["samples"].tell(of, None if samples is None else float(samples))

    def _seats(self, found: Mapping[str, Any], until: date, grouping: str | None) -> None:
        told = self.told
        is_over = until >= told.ends_on - DAY
        own = told.who("pilot")
        parts = [(own, found["figures"])]
        parts += [
            (self._members(grouping, group["group"]), group["figures"])
            for group in found["groups"]
            if grouping is not None
        ]
        for people, figures in parts:
            cell = frozenset((person, None) for person in people)
            weeks = self._cell(people, until)
            active = figures["active_user_days"]
            self.systems["active weeks"].tell(weeks, told_of(active, "numerator"))
            use = figures["licence_utilisation"]
            self.systems["active weeks"].tell(weeks, told_of(use, "numerator"))
            if not is_over:
                continue
            self.systems["seat-days"].tell(cell, told_of(use, "denominator"))
            held = figures["allocated_seat_days"]
            self.systems["seat-days"].tell(cell, told_of(held, "numerator"))
            for name, slug in (
                ("seats in use", "seats_active_28d"),
                ("dormant seats", "dormant_seats"),
                ("seats never used", "never_used_seats"),
            ):
                self.systems[name].tell(cell, told_of(figures[slug], "numerator"))
            never = figures["never_used_seats"]
            self.systems["never used"].tell(cell, told_of(never, "numerator"))
            if "cost_per_active_user" in figures:
                cost = figures["cost_per_active_user"]
                self.systems["used"].tell(cell, told_of(cost, "denominator"))

    def _seats_of_a_pool(self, found: Mapping[str, Any]) -> None:
        """Nothing is told of how a pilot's pool by itself is used."""
        told = [s for s, f in found["figures"].items() if not f["suppressed"]]
        assert set(told) <= {"purchased_seat_days", "committed_cost"}, told
