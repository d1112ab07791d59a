"""A reader who asks everything that is allowed, and takes every answer for an equation.

What a person did in a week is an unknown that is not below 0; a figure that is shown says what some of them add
up to. The attacker knows who is in which team, department and job family.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from tests.council import activity, good, pilot
from tests.feedback import answer
from tests.licences import pool
from tests.time_use import sample

BASELINE, START = date(2024, 3, 4), date(2024, 4, 1)
BASELINE_WEEKS = 3
WEEK = timedelta(days=7)
GROUPINGS = ("team", "department", "job_family")
RECORDED, ANSWERED, ACTIVE, AGREED = 1, 2, 4, 8
EXACT, WIDE = 1e-7, 1e-6

# A person and a week, or none of a thing that has no week; of time its category as well.
Unknown = tuple[Any, ...]
Cell = frozenset[Unknown]

RECORDING, OTHER_ADMIN, DIRECT = (
    {"forms", "case_notes"},
    {"email_scheduling"},
    {"visit", "family_meeting"},
)
INDIRECT, BESIDE, UNMAPPED, EXCLUDED = {"liaison"}, {"supervision", "travel"}, {"X-9"}, {"leave"}
ADMIN = RECORDING | OTHER_ADMIN
WORKING = ADMIN | DIRECT | INDIRECT | BESIDE | UNMAPPED
# Recorded now and then, beside the forms and visits of everybody who records at all; some weeks go without forms.
NOW_AND_THEN = sorted((WORKING | EXCLUDED) - {"forms", "visit"})
NO_FORMS = "no forms"


@dataclass(frozen=True)
class Council:
    """Who is where, and what each did in each week: bits; the weeks of the baseline first."""

    places: list[tuple[int, int, int]]
    arms: list[str]
    did: list[list[int]]
    tail: int
    # By person the pool whose seat is held over the window; none of a pilot whose members all have access.
    pools: list[int | None] | None = None
    # By category that is recorded now and then who does so, and in which weeks; those of the baseline first.
    beside: Mapping[str, Collection[tuple[int, int]]] = field(default_factory=dict)

    @property
    def weeks(self) -> list[date]:
        count = len(self.did[0]) - BASELINE_WEEKS
        before = [BASELINE + n * WEEK for n in range(BASELINE_WEEKS)]
        return before + [START + n * WEEK for n in range(count)]

    @property
    def ends_on(self) -> date:
        """The last week may be one of two days."""
        return self.weeks[-1] + (timedelta(days=self.tail) if self.tail else WEEK)

    def who(self, arm: str) -> list[int]:
        return [n for n, each in enumerate(self.arms) if each == arm]

    def places_of(self, person: int) -> dict[str, str]:
        names = zip(GROUPINGS, ("T", "D", "J"), self.places[person], strict=True)
        return {grouping: f"{letter}{number}" for grouping, letter, number in names}

    def has_access(self, person: int) -> bool:
        is_open = self.pools is None or self.pools[person] is not None
        return is_open and self.arms[person] == "pilot"

    def source_of(self, person: int) -> str:
        return ("diary", "sheet", "sheet", "system")[person % 4]

    def method_of(self, person: int) -> str:
        return ("diary", "diary", "timesheet", "timesheet")[person % 4]

    def doing(self, bit: int) -> set[Unknown]:
        return {
            (person, week)
            for person, weeks in enumerate(self.did)
            for week, bits in zip(self.weeks, weeks, strict=True)
            if bits & bit
        }

    @cached_property
    def spent(self) -> dict[tuple[int, date], dict[str, int]]:
        """The minutes of each person and week in which there are any, by category."""
        found = {}
        for place, week in enumerate(self.weeks):
            for person, weeks in enumerate(self.did):
                if not weeks[place] & RECORDED:
                    continue
                found[person, week] = {
                    "visit": _direct(person, week),
                    **(
                        {"forms": _admin(person, week)}
                        if (person, place) not in self.beside.get(NO_FORMS, ())
                        else {}
                    ),
                    **{
                        category: 5 + 11 * number + 2 * person + week.day
                        for number, category in enumerate(NOW_AND_THEN)
                        if (person, place) in self.beside.get(category, ())
                    },
                }
        return found

    def spent_on(self, categories: Collection[str]) -> Callable[[int, date], float]:
        return lambda person, week: float(
            sum(self.spent[person, week].get(category, 0) for category in categories)
        )


def _admin(person: int, week: date) -> int:
    return 20 + 7 * person + week.day


def _direct(person: int, week: date) -> int:
    return 40 + 3 * person + 2 * week.day


def _score(person: int, week: date) -> int:
    return 1 + (person + week.day) % 5


async def load(client: httpx.AsyncClient, told: Council, run: int) -> str:
    """The council as the service has it; returns the pilot's address."""
    name = [f"A{run}-{n}" for n in range(len(told.places))]
    staff = [{"external_id": name[n], **told.places_of(n)} for n in range(len(name))]
    assert good(await client.post("/people/bulk", json={"items": staff}))["rejected"] == 0
    members = [{"person_external_id": name[n], "arm": arm} for n, arm in enumerate(told.arms)]
    pilot_id = await pilot(
        client,
        *members,
        code=f"A{run}",
        kind="social_care" if told.pools is None else "copilot_licences",
        product=f"tool-{run}",
        baseline_starts_on=str(BASELINE),
        baseline_ends_on=str(BASELINE + BASELINE_WEEKS * WEEK),
        starts_on=str(START),
        ends_on=str(told.ends_on),
    )
    path = f"/pilots/{pilot_id}"
    good(await client.put(f"{path}/time-use-taxonomy", json={"version": "social-care-1"}))
    samples = [
        sample(
            f"{run}-{person}-{week}-{category}",
            person_external_id=name[person],
            started_at=f"{week}T09:00:00+00:00",
            category=category,
            minutes=minutes,
            source=told.source_of(person),
            method=told.method_of(person),
        )
        for (person, week), minutes_of in sorted(told.spent.items())
        for category, minutes in minutes_of.items()
    ]
    answers = [
        answer(
            name[person],
            str(week),
            satisfaction=_score(person, week),
            would_keep=(person, week) in told.doing(AGREED),
            minutes_saved_per_day=float(_admin(person, week)),
        )
        for person, week in sorted(told.doing(ANSWERED))
    ]
    for number in sorted({each for each in told.pools or () if each is not None}):
        await _seats(client, told, run, number, path)
    used = [
        activity(name[person], str(week + timedelta(days=1)), product=f"tool-{run}")
        for person, week in sorted(told.doing(ACTIVE))
    ]
    for place, rows in (
        (f"{path}/time-samples/bulk", samples),
        (f"{path}/feedback/bulk", answers),
        ("/licence-activity/bulk", used),
    ):
        if rows:
            assert good(await client.post(place, json={"items": rows}))["rejected"] == 0
    return path


async def _seats(
    client: httpx.AsyncClient, told: Council, run: int, number: int, path: str
) -> None:
    """A pool of the pilot, and who holds a seat of it from the first day of the window on."""
    holders = [n for n, each in enumerate(told.pools or ()) if each == number]
    bought = await pool(
        client,
        name=f"pool-{run}-{number}",
        product=f"tool-{run}",
        pilot_id=path.rpartition("/")[2],
        seats=len(told.places),
        seat_price="365.00",
        term_starts_on=str(START),
        term_ends_on=str(START + 52 * WEEK),
    )
    rows = [{"person_external_id": f"A{run}-{n}", "allocated_on": str(START)} for n in holders]
    given = good(await client.post(f"{bought}/allocations/bulk", json={"items": rows}))
    assert given["rejected"] == 0, given


@dataclass
class System:
    """What was shown and what was withheld of one thing that people do."""

    amount: Callable[[Unknown], float]
    counts: bool = (
        False  # of answers, of which a few may be several people's: too few are what counts
    )
    may_be_few: bool = False  # where few are shown, what is withheld of others must not follow
    shown: dict[Cell, float] = field(default_factory=dict)
    withheld: set[Cell] = field(default_factory=set)

    def tell(self, cell: Iterable[Unknown], value: float | None) -> None:
        """Take in what an answer says of a cell; what is shown must be true."""
        unknowns = frozenset(cell)
        if value is None:
            self.withheld.add(unknowns)
            return
        assert abs(value - sum(map(self.amount, unknowns))) < WIDE, (value, unknowns)
        self.shown[unknowns] = value

    def solved(self, minimum: int) -> list[str]:
        """The withheld cells of few people that have one solution."""
        zero = {u for cell, value in self.shown.items() if abs(value) < EXACT for u in cell}
        cells = [*self.shown, *self.withheld]
        place = {u: n for n, u in enumerate(sorted({u for c in cells for u in c} - zero, key=str))}

        def row(cell: Cell) -> NDArray[np.float64]:
            found = np.zeros(len(place))
            found[[place[u] for u in cell if u in place]] = 1
            return found

        open_ = [c for c in self.shown if 0 < self._people(c) < minimum]
        told = [] if self.may_be_few else [f"it is shown: {sorted(c, key=str)}" for c in open_]
        few = [c for c in self.withheld if 0 < self._people(c) < minimum]
        if not few or not place:
            return told
        known = np.array([row(cell) for cell in self.shown]).reshape(-1, len(place))
        values = np.array(list(self.shown.values()))
        wanted = np.array([row(cell) for cell in few])
        # Unknowns that stand in the same equations are known by their sum alone.
        together = np.unique(np.vstack([known, wanted]), axis=1)
        known, wanted = together[: len(known)], together[len(known) :]
        by_rank = np.zeros(len(few), dtype=bool)
        if len(known):
            solution = np.linalg.lstsq(known.T, wanted.T, rcond=None)[0]
            by_rank = np.abs(known.T @ solution - wanted.T).max(axis=0) < EXACT
        found = told
        for cell, target, is_solved in zip(few, wanted, by_rank, strict=True):
            if is_solved:
                found.append(f"by subtraction: {sorted(cell, key=str)}")
            elif len(known) and _is_point(target, known, values):
                found.append(f"by bounds: {sorted(cell, key=str)}")
        return found

    def _people(self, cell: Cell) -> int:
        """Of how many people it tells."""
        if self.counts:
            return int(sum(map(self.amount, cell)))
        return len({unknown[0] for unknown in cell if self.amount(unknown) > 0})


def _is_point(
    target: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64]
) -> bool:
    ends = []
    for sign in (1, -1):
        found = linprog(sign * target, A_eq=known, b_eq=values, method="highs")
        if found.status == 3:  # no bound at all
            return False
        assert found.status == 0, found.message
        ends.append(sign * found.fun)
    return bool(abs(ends[1] - ends[0]) < WIDE)


def told_of(numbers: Mapping[str, Any], name: str, factor: float = 1) -> float | None:
    value = numbers[name]
    if numbers["suppressed"]:
        return None
    return float(value or 0) * factor


class Attack:
    """Every allowed query about one pilot, and what was made of the answers."""

    def __init__(self, told: Council) -> None:
        recorded, answered, active, agreed = map(told.doing, (RECORDED, ANSWERED, ACTIVE, AGREED))
        active = {(person, week) for person, week in active if told.has_access(person)}

        def of(doing: set[Unknown], amount: Callable[[int, date], float]) -> System:
            return System(lambda u: amount(u[0], u[1]) if u in doing and u[1] else 0.0)

        def number(doing: set[Unknown]) -> System:
            return System(lambda u: float(u in doing), counts=True)

        def ever(u: Unknown) -> bool:
            return any((u[0], week) in active for week in told.weeks if week >= START)

        self.told = told
        self.systems = {
            "admin": of(recorded, told.spent_on(ADMIN)),
            "both": of(recorded, told.spent_on(ADMIN | DIRECT)),
            "categories": System(lambda u: float(told.spent.get((u[0], u[1]), {}).get(u[2], 0))),
            "person-weeks": of(recorded, lambda _p, _w: 1),
            "answers": number(answered),
            "score": of(answered, _score),
            "yes": number(answered & agreed),
            "no": number(answered - agreed),
            "active weeks": of(active, lambda _p, _w: 1),
            "used": System(lambda u: float(ever(u))),
            "never used": System(lambda u: float(told.has_access(u[0]) and not ever(u))),
        }
        self.seen: set[tuple[str, str]] = set()
        self.unmapped: dict[str, float | None] = {}

    async def run(self, client: httpx.AsyncClient, path: str) -> None:
        told = self.told
        day = BASELINE - timedelta(days=1)
        while day < told.ends_on + WEEK:
            pages = ("time-use", "feedback", "adoption") if day >= START else ("time-use",)
            for page in pages:
                await self._ask(client, path, page, {"as_of": str(day)})
            day += WEEK
        for grouping in GROUPINGS:
            for page in ("time-use", "feedback", "adoption"):
                await self._ask(client, path, page, {"group_by": grouping})

    async def _ask(
        self, client: httpx.AsyncClient, path: str, page: str, asked: dict[str, str]
    ) -> None:
        found = good(await client.get(f"{path}/metrics/{page}", params=asked))
        until = date.fromisoformat(found["as_of"])
        key = (page, str(until))
        if "group_by" not in asked:
            if key in self.seen:
                return
            self.seen.add(key)
        take = {"time-use": self._time, "feedback": self._feedback, "adoption": self._adoption}
        take[page](found, until, asked.get("group_by"))

    def _cell(
        self, people: Iterable[int], until: date, *, since: date = START, before: date | None = None
    ) -> Cell:
        end = min(until + timedelta(days=1), before or self.told.ends_on)
        weeks = [w for w in self.told.weeks if since <= w < end]
        return frozenset((person, week) for person in people for week in weeks)

    def _members(self, grouping: str, name: str) -> list[int]:
        return [n for n in self.told.who("pilot") if self.told.places_of(n)[grouping] == name]

    def _time(self, found: dict[str, Any], until: date, grouping: str | None) -> None:
        own = self.told.who("pilot")

        def cell(people: Iterable[int], phase: str) -> Cell:
            return self._of_phase(people, until, phase)

        for phase in ("baseline", "pilot"):
            self._hours(cell(own, phase), found[phase])
            self._otherwise(cell(own, phase), found["variants"], phase)
            if found["comparison"]:
                self._hours(cell(self.told.who("comparison"), phase), found["comparison"][phase])
            for group in found["groups"] if grouping else ():
                people = self._members(grouping or "", group["group"])
                self._hours(cell(people, phase), group[phase])
            quality = found["quality"][phase]
            if quality is not None:
                value = quality["person_days_sampled"]
                self.systems["person-weeks"].tell(cell(own, phase), value)
                self.unmapped[phase] = quality["unmapped_share"]
        for week in found["weekly"]:
            monday = date.fromisoformat(week["starts_on"])
            self._hours(frozenset((person, monday) for person in own), week)

    def _hours(self, cell: Cell, figures: Mapping[str, Any]) -> None:
        self._share(cell, figures["admin_share"])
        hours = figures["admin_hours_per_worker_week"]
        self.systems["admin"].tell(cell, told_of(hours, "numerator", 60))
        self.systems["person-weeks"].tell(cell, told_of(hours, "denominator"))
        self._minutes(cell, WORKING, told_of(figures["excluded_share"], "denominator"))

    def _otherwise(self, cell: Cell, variants: Mapping[str, Any], phase: str) -> None:
        for name, parts in (("strict", RECORDING), ("broad", ADMIN | INDIRECT)):
            share = variants[name][phase]
            self._minutes(cell, parts, told_of(share, "numerator"))
            self._minutes(cell, parts | DIRECT, told_of(share, "denominator"))

    def _minutes(self, cell: Cell, categories: Iterable[str], value: float | None) -> None:
        of_each = frozenset((*unknown, category) for category in categories for unknown in cell)
        self.systems["categories"].tell(of_each, value)

    def _of_phase(self, people: Iterable[int], until: date, phase: str) -> Cell:
        if phase == "pilot":
            return self._cell(people, until)
        ends = BASELINE + BASELINE_WEEKS * WEEK
        return self._cell(people, until, since=BASELINE, before=ends)

    def _share(self, cell: Cell, share: Mapping[str, Any]) -> None:
        admin, both = (told_of(share, name) for name in ("numerator", "denominator"))
        self.systems["admin"].tell(cell, admin)
        self.systems["both"].tell(cell, both)
        self._minutes(cell, ADMIN, admin)
        self._minutes(cell, ADMIN | DIRECT, both)

    def _feedback(self, found: dict[str, Any], until: date, grouping: str | None) -> None:
        own = self.told.who("pilot")
        # A week counts on its Thursday.
        counted = [w for w in self.told.weeks if w + timedelta(days=3) < self.told.ends_on]
        weeks = {w for w in counted if w >= START and w + timedelta(days=3) <= until}
        parts = [(own, weeks, found["figures"])]
        parts += [(own, {date.fromisoformat(w["starts_on"])}, w) for w in found["weekly"]]
        for group in found["groups"] if grouping else ():
            parts.append((self._members(grouping or "", group["group"]), weeks, group["figures"]))
        for people, some, figures in parts:
            cell = frozenset((person, week) for person in people for week in some)
            keep, score = figures["would_keep_rate"], figures["satisfaction_mean"]
            yes, of = told_of(keep, "numerator"), told_of(keep, "denominator")
            self.systems["yes"].tell(cell, yes)
            self.systems["no"].tell(cell, None if yes is None or of is None else of - yes)
            self.systems["score"].tell(cell, told_of(score, "numerator"))
            for slug in ("satisfaction_mean", "would_keep_rate", "minutes_saved_self_reported"):
                self.systems["answers"].tell(cell, told_of(figures[slug], "denominator"))
            self.systems["answers"].tell(cell, told_of(figures["response_rate"], "numerator"))

    def _adoption(self, found: dict[str, Any], until: date, grouping: str | None) -> None:
        own = self.told.who("pilot")
        parts = [(own, found["figures"])]
        parts += [
            (self._members(grouping or "", group["group"]), group["figures"])
            for group in found["groups"]
        ]
        for people, figures in parts:
            self._adoption_figures(figures, people, until)
        for week in found["weekly"]:
            monday = date.fromisoformat(week["starts_on"])
            cell = frozenset((person, monday) for person in own)
            for slug in ("weekly_active_rate", "active_days_per_active_user_week"):
                self.systems["active weeks"].tell(cell, told_of(week[slug], "numerator"))

    def _adoption_figures(
        self, figures: Mapping[str, Any], people: Iterable[int], until: date
    ) -> None:
        people = list(people)
        use = figures["active_days_per_active_user_week"]
        for name in ("numerator", "denominator"):
            self.systems["active weeks"].tell(self._cell(people, until), told_of(use, name))
        if until < self.told.ends_on - timedelta(days=1):
            return
        for slug in ("adoption_rate", "activation_rate"):
            cell = frozenset((person, None) for person in people)
            used, of = (told_of(figures[slug], n) for n in ("numerator", "denominator"))
            self.systems["used"].tell(cell, used)
            unused = None if used is None or of is None else of - used
            self.systems["never used"].tell(cell, unused)

    def solved(self, minimum: int) -> list[str]:
        """What follows although it is withheld."""
        return [
            f"{name} {found}"
            for name, system in self.systems.items()
            for found in system.solved(minimum)
        ]
