"""An attack on suppression: random pilots, every query that is allowed, and no withheld count follows.

`PILOTLIGHT_ATTACKS=500 pytest tests/test_suppression_attack.py` tries more pilots than the few of every run.
"""

import os
import re
from itertools import count

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.access.permissions import Role, Scope
from tests.attacker import BASELINE_WEEKS, NO_FORMS, NOW_AND_THEN, Council, load
from tests.attacker_beyond import WiderAttack
from tests.council import API, good
from tests.council import Council as Service
from tests.test_routes_that_tell import ATTACKED
from tests.time_use import member_of, pilot_of, read

# The most that a reader may hold who sees neither the holders of seats nor the rows of the pilot's lead.
SUPPRESSED = (
    *(Scope.PILOTS_READ, Scope.METRICS_READ, Scope.LICENCES_READ),
    *(Scope.FEEDBACK_READ, Scope.TIME_READ),
)
PLAN = {"method": "diary", "person_days_per_week": 1}
ATTACKS = int(os.environ.get("PILOTLIGHT_ATTACKS", "3"))
_RUNS = count()
_ID, _PLACEHOLDER = re.compile(r"/[0-9a-f-]{36}"), re.compile(r"\{\w+\}")
# It goes by HTTP, and what is withheld is decided after everything is read: one kind of database is enough.
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@st.composite
def councils(draw: st.DrawFn) -> Council:
    """Small pilots: teams in departments, now and then one in two; weeks in which all, some or few did things."""
    people = draw(st.integers(10, 26))
    weeks = BASELINE_WEEKS + draw(st.integers(4, 6))
    chance = draw(st.randoms(use_true_random=False))
    teams, families = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    often = [draw(st.sampled_from([0.15, 0.6, 0.9, 1.0])) for _ in range(weeks)]
    agreeing = draw(st.sampled_from([0.5, 0.85]))
    straddles = draw(st.booleans())
    places, did = [], []
    for _ in range(people):
        team = chance.randrange(teams)
        department = chance.randrange(2) if straddles and team == 0 else team // 2
        places.append((team, department, chance.randrange(families)))
        did.append(
            [
                sum(bit for bit in (1, 2, 4) if chance.random() < share)
                + (8 if chance.random() < agreeing else 0)
                for share in often
            ]
        )
    arms = ["comparison" if chance.random() < 0.2 else "pilot" for _ in range(people)]
    arms[0] = "pilot"
    pools = None
    if draw(st.booleans()):
        count, holding = draw(st.integers(1, 2)), draw(st.sampled_from([0.7, 1.0]))
        held = [chance.randrange(count) if chance.random() < holding else None for _ in arms]
        pools = [each if arm == "pilot" else None for each, arm in zip(held, arms, strict=True)]
        pools[0] = 0
    beside = {}
    for category in NOW_AND_THEN:
        who = chance.sample(range(people), draw(st.sampled_from([0, 1, 3, 6, people])))
        share = draw(st.sampled_from([0.15, 0.7]))
        beside[category] = {
            (n, week) for n in who for week in range(weeks) if chance.random() < share
        }
    without = draw(st.sampled_from([0.0, 0.0, 0.5, 0.9]))
    beside[NO_FORMS] = {
        (n, week) for n in range(people) for week in range(weeks) if chance.random() < without
    }
    return Council(places, arms, did, draw(st.sampled_from([0, 2])), pools, beside)


@one_database
@settings(
    max_examples=ATTACKS,
    deadline=None,
    derandomize=ATTACKS <= 3,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),  # a smaller pilot would take minutes to find
)
@given(told=councils())
async def test_no_withheld_count_follows_from_what_is_shown(
    council: Service, told: Council
) -> None:
    admin, reader = (
        await council.admin(),
        council.client(await council.key(None, scopes=SUPPRESSED)),
    )
    path = await load(admin, told, next(_RUNS))
    good(await admin.put(f"{path}/sampling-plan", json=PLAN))
    attack = WiderAttack(told)
    asked: set[str] = set()

    async def note(request: httpx.Request) -> None:
        way = _ID.sub("/{id}", request.url.path.removeprefix(API))
        asked.add(f"{request.method} {way}")

    reader.event_hooks["request"].append(note)
    await attack.run(reader, path)
    await attack.run_beyond(admin, reader, path)
    await reader.aclose()
    await admin.aclose()
    assert asked == {_PLACEHOLDER.sub("{id}", route) for route in ATTACKED}
    found = attack.solved(council.organisation.minimum_group_size)
    assert not found, "\n".join(found)


@one_database
@pytest.mark.parametrize("page", ["time-use", "feedback", "adoption", "licence-utilisation"])
async def test_another_window_is_refused_with_the_way_out(council: Service, page: str) -> None:
    _, path = await pilot_of(council, [member_of(1)])
    analyst = await council.as_role(Role.ANALYST)
    for query, pointer in (
        ({"starts_on": "2024-02-27"}, "/starts_on"),
        ({"ends_on": "2024-04-07"}, "/ends_on"),
    ):
        answer = await analyst.get(f"{path}/metrics/{page}", params=query)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "fixed_window")
        assert problem["errors"][0]["pointer"] == pointer
        assert "Leave starts_on and ends_on out" in problem["detail"]
    own = {"starts_on": "2024-02-26", "ends_on": "2024-04-08"}
    assert good(await analyst.get(f"{path}/metrics/{page}", params=own))["window"] == own


@one_database
async def test_days_are_told_by_the_week_and_the_last_weeks_at_the_end(council: Service) -> None:
    _, path = await pilot_of(council, [member_of(1)])
    analyst = await council.as_role(Role.ANALYST)
    told = {
        day: (await read(analyst, path, f"?as_of={day}"))["as_of"]
        for day in ("2024-03-10", "2024-03-13", "2024-03-25", "2024-04-06", "2024-04-07")
    }
    # The window ends on Monday 8 April; what is left from 25 March on is told together.
    assert list(told.values()) == [
        *("2024-03-10", "2024-03-10", "2024-03-24", "2024-03-24", "2024-04-07")
    ]
    answer = await analyst.get(
        f"{path}/metrics/time-use", params={"as_of": "2024-03-24", "group_by": "team"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "window_open")
