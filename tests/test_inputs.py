"""What figures are made from, as digests: whatever their order, and with nothing that no figure goes by."""

from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.access.principals import Principal
from app.metrics.inputs import service as inputs
from app.metrics.inputs.digests import Gathered, InputKind, InputRow, Inputs, differing, moved
from app.metrics.scorecard import service as scorecard
from app.metrics.snapshots.contents import figures_of
from app.pilots import service as pilots
from tests.council import Council, activity, good
from tests.feedback import answer
from tests.forms import as_json
from tests.snapshots import PRODUCT, observed
from tests.time_use import sample

KINDS = st.sampled_from([InputKind.TIME_SAMPLES, InputKind.SEATS])
DAYS = st.sampled_from([None, date(2024, 3, 5), date(2024, 3, 6)])
# By kind, day and key: what the row says.
ROWS = st.dictionaries(
    st.tuples(KINDS, DAYS, st.integers(0, 8)), st.one_of(st.none(), st.floats(0, 4)), max_size=20
)
Rows = dict[tuple[InputKind, date | None, int], float | None]


def gathered(rows: Rows, order: list[Any]) -> Inputs:
    """Rows taken in one by one, in an order."""
    found = Gathered()
    for kind, day, key in order:
        found.add(kind, [InputRow(day, (key,), (rows[kind, day, key],))])
    return found.inputs()


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: Rows, chance: Any) -> None:
    order = list(rows)
    first = gathered(rows, order)
    chance.shuffle(order)
    assert gathered(rows, order).fingerprint == first.fingerprint


@given(ROWS, ROWS)
def test_rows_that_came_went_and_changed_are_counted_by_kind_and_day(then: Rows, now: Rows) -> None:
    was, is_now = gathered(then, list(then)), gathered(now, list(now))
    assert (was.fingerprint == is_now.fingerprint) == (then == now)
    kept = was.rows | is_now.rows
    found = {}
    for kind, day, before, after in differing(was.manifest, is_now.manifest):
        each = moved(kind, day, kept.get(before or "", b""), kept.get(after or "", b""))
        found[each.kind, each.day] = (each.added, each.changed, each.removed)
    expected = {}
    for group in {key[:2] for key in (*then, *now)}:
        old = {key: said for key, said in then.items() if key[:2] == group}
        new = {key: said for key, said in now.items() if key[:2] == group}
        if old != new:
            both = old.keys() & new.keys()
            changed = sum(old[key] != new[key] for key in both)
            expected[group] = (len(new) - len(both), changed, len(old) - len(both))
    assert found == expected


# Of a Wednesday on which everything below is still to come.
AS_OF = date(2024, 3, 20)
LATER: list[tuple[str, dict[str, Any]]] = [
    ("{pilot}/time-samples/bulk", sample("later", started_at="2024-03-21T00:00:00Z")),
    ("{pilot}/members/bulk", {"person_external_id": "E9", "left_on": "2024-03-25"}),
    ("{pilot}/members/bulk", {"person_external_id": "E50", "joined_on": "2024-03-25"}),
    ("/people/bulk", {"external_id": "E8", "left_on": "2024-03-25"}),
    ("/absences/bulk", {"person_external_id": "E5", "starts_on": "2024-03-25"}),
    ("{pilot}/feedback/bulk", answer("E1", "2024-03-25", satisfaction=1)),
    ("/licence-activity/bulk", activity("E5", "2024-03-21", product=PRODUCT, actions=1)),
    (
        "/licence-activity/bulk",
        activity("E6", "2024-03-18", product=PRODUCT, period="week", active_days=3),
    ),
    ("{pool}/capacity-changes", {"effective_on": "2024-03-21", "seats": 99, "reason": "more"}),
    ("{pool}/allocations", {"person_external_id": "E8", "allocated_on": "2024-03-21"}),
    ("{pool}/waiting-list", {"person_external_id": "E12", "requested_on": "2024-03-21"}),
    ("{seat}/release", {"released_on": "2024-03-21", "reason": "done"}),
]


async def _made_from(council: Council, path: str) -> tuple[str, dict[str, Any]]:
    """The fingerprint, and the figures up to the end of that Wednesday."""
    anybody = Principal.anybody(council.organisation)
    pilot_id = UUID(path.rpartition("/")[2])
    async with council.database.transaction(read_only=True) as session:
        pilot = await pilots.get(session, anybody, pilot_id)
        found = await inputs.gather(session, anybody, pilot, AS_OF)
        card = await scorecard.scorecard(session, anybody, pilot_id, AS_OF)
    return found.fingerprint, figures_of(card)


async def test_what_lies_after_the_last_day_moves_neither_fingerprint_nor_figures(
    council: Council,
) -> None:
    client = await council.admin()
    path = await observed(client)
    good(await client.post("/people", json={"external_id": "E50"}), 201)
    pool = f"/licence-pools/{good(await client.get('/licence-pools'))['items'][0]['pool_id']}"
    held = good(await client.get(f"{pool}/allocations"))["items"][0]["allocation_id"]
    names = {"pilot": path, "pool": pool, "seat": f"{pool}/allocations/{held}"}
    fingerprint, figures = await _made_from(council, path)
    for where, row in LATER:
        body = as_json([row]) if where.endswith("bulk") else {"json": row}
        done = await client.post(where.format_map(names), **body)
        assert done.is_success, (where, done.text)
        assert done.json().get("rejected", 0) == 0, (where, done.text)
        after, shown = await _made_from(council, path)
        assert shown == figures, where
        assert after == fingerprint, where
