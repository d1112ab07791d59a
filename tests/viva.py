"""The Viva Insights person query that nobody here made, and adoption calculated from it anew.

The oracle reads the file with the standard library and follows metrics.md; it shares no code with the
service.
"""

import csv
import gzip
import random
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "viva_person_query.csv.gz"
needs_the_file = pytest.mark.skipif(
    not FILE.exists(), reason="the person query is not beside this checkout (shared/data)"
)

WINDOW = {"starts_on": "2024-04-01", "ends_on": "2024-08-19"}
MONDAYS = [date(2024, 4, 1) + timedelta(days=7 * week) for week in range(20)]
ACTIONS = "Copilot_actions_taken_in_"
DAYS = "Days_of_active_Copilot"
PRODUCT = "Microsoft_365_Copilot"
SEGMENTS = ("power", "habitual", "novice", "low", "non_user")

Rows = list[dict[str, str]]


def read(path: Path = FILE) -> Rows:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write(path: Path, rows: Rows, *, zipped: bool = False) -> Path:
    opener: Any = gzip.open if zipped else open
    with opener(path, "wt", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def thinned(rows: Rows) -> Rows:
    """As shipped everybody is a habitual user: take weeks and people away at random."""
    chance = random.Random(7)  # noqa: S311 - a simulation, not a secret
    liking = {row["PersonId"]: chance.choice((0.0, 0.02, 0.3, 0.6, 0.9, 1.0)) for row in rows}
    result = []
    for row in rows:
        kept = dict(row)
        for column, value in row.items():
            if column.startswith((ACTIONS, DAYS, "Total_Copilot")):
                kept[column] = value if chance.random() < liking[row["PersonId"]] else "0"
        if liking[row["PersonId"]] == 1.0:
            for column in row:
                if column.startswith(ACTIONS):
                    kept[column] = str(4 * int(row[column]))
        result.append(kept)
    return result


class Oracle:
    """Adoption of the file's people, from the definitions alone."""

    def __init__(self, rows: Rows) -> None:
        self.people = {row["PersonId"] for row in rows}
        self.actions: dict[tuple[str, date], int] = {}
        self.days: dict[tuple[str, date], int] = {}
        self.active: dict[date, set[str]] = defaultdict(set)
        for row in rows:
            sunday = date.fromisoformat(row["MetricDate"])
            monday = sunday + timedelta(days=1)  # the ISO week of the week's fourth day
            key = row["PersonId"], monday
            self.actions[key] = sum(int(row[c]) for c in row if c.startswith(ACTIONS))
            self.days[key] = int(row["Total_Copilot_active_days"])
            used = [int(row[c]) for c in row if c.startswith((ACTIONS, DAYS))]
            if any(used) or self.days[key]:
                self.active[monday].add(row["PersonId"])

    def segments(self, until: int, length: int, habit: int) -> dict[str, int]:
        weeks = MONDAYS[max(0, until + 1 - length) : until + 1]
        counts = dict.fromkeys(SEGMENTS, 0)
        for person in self.people:
            done = [self.actions[person, monday] for monday in weeks]
            average, active = sum(done) / len(done), sum(n > 0 for n in done)
            if active >= habit and average >= 15:
                counts["power"] += 1
            elif active >= habit:
                counts["habitual"] += 1
            elif average >= 1:
                counts["novice"] += 1
            elif any(done):
                counts["low"] += 1
            else:
                counts["non_user"] += 1
        return counts

    def check(self, answer: dict[str, Any]) -> None:
        """Hold every figure of every week, and of the whole window, against this calculation."""
        assert [week["starts_on"] for week in answer["weekly"]] == [str(d) for d in MONDAYS]
        for number, (monday, week) in enumerate(zip(MONDAYS, answer["weekly"], strict=True)):
            active = self.active[monday]
            self.rate(week["weekly_active_rate"], len(active), len(self.people))
            assert week["usage_segments"]["counts"] == self.segments(number, 12, 9)
            assert week["usage_segments_4_weeks"]["counts"] == self.segments(number, 4, 4)
            assert week["usage_segments"]["basis"] == "actions"
            if number == 0:
                assert week["retention_rate"]["value"] is None
                assert week["returning_share"]["value"] is None
            else:
                before = self.active[MONDAYS[number - 1]]
                self.rate(week["retention_rate"], len(active & before), len(before))
                self.rate(week["returning_share"], len(active & before), len(active))
        figures = answer["figures"]
        ever = set().union(*self.active.values())
        self.rate(figures["adoption_rate"], len(ever), len(self.people))
        first, last = (
            set().union(*(self.active[d] for d in part)) for part in (MONDAYS[:4], MONDAYS[-4:])
        )
        self.rate(figures["first_28_days_adoption"], len(first), len(self.people))
        self.rate(figures["last_28_days_adoption"], len(last), len(self.people))
        per_week = figures["active_days_per_active_user_week"]
        days = sum(
            self.days[person, monday] for monday in MONDAYS for person in self.active[monday]
        )
        weeks = sum(len(self.active[monday]) for monday in MONDAYS)
        assert (per_week["numerator"], per_week["denominator"]) == (days, weeks)
        assert per_week["value"] == pytest.approx(days / weeks, abs=1e-9)

    @staticmethod
    def rate(figure: dict[str, Any], numerator: int, denominator: int) -> None:
        assert (figure["numerator"], figure["denominator"]) == (numerator, denominator)
        if not denominator:
            assert figure["value"] is None
            return
        assert figure["value"] == pytest.approx(numerator / denominator, abs=1e-9)
        n, p, z = denominator, numerator / denominator, 1.959963984540054
        centre = (p + z * z / 2 / n) / (1 + z * z / n)
        half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / 4 / n / n) ** 0.5
        assert figure["interval"]["low"] == pytest.approx(centre - half, abs=1e-6)
        assert figure["interval"]["high"] == pytest.approx(centre + half, abs=1e-6)
        assert figure["interval"]["method"] == "wilson"
