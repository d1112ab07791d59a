"""The benefits register: what counts, counts once; cash has a budget line; classes are never added."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.permissions import Role
from app.benefits import repository
from app.benefits.answers import position_out
from app.benefits.models import CASH as CASH_CLASSES
from app.benefits.models import BenefitClaim, BenefitClass, Measure
from app.benefits.position import position, proven
from app.benefits.rules import counted_twice
from app.core import clock
from app.core.settings import Settings
from app.main import create_app
from app.organisations import service as organisations
from tests.benefits import CASH, claim, claimed
from tests.council import Council, good, people, pilot, problem
from tests.licences import pool

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def _two(client: httpx.AsyncClient) -> tuple[str, str]:
    """Two pilots; their paths."""
    return tuple([f"/pilots/{await pilot(client, code=code)}" for code in ("P-1", "P-2")])  # type: ignore[return-value]  # two of them


# --- one hour, one budget line, one period --------------------------------------------------------


@ONE
async def test_what_counts_already_is_refused_with_what_it_overlaps(council: Council) -> None:
    admin = await council.admin()
    one, other = await _two(admin)
    seats = (await pool(admin, term_ends_on="2024-05-01")).rpartition("/")[2]
    hours = await claimed(admin, one)
    cash = await claimed(admin, one, CASH, pool_id=seats)
    by_hours = {**CASH, "budget_line": "CS-1", "title": "Again"}
    attempts: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        # The same hours: in another pilot, in part of the period, told more widely, told in other letters.
        (claim(), hours, "team North, category case_notes"),
        (claim(starts_on="2024-08-31", ends_on="2025-01-01"), hours, "team North"),
        (claim(hours=[{"team": " north "}]), hours, "team north"),
        (claim(hours=[{"department": "Children"}]), hours, "department Children"),
        (claim(hours=[{"team": "South"}, {}]), hours, "of everybody"),
        # As cash and as capacity both, or as something that was only claimed.
        (claim(by_hours, hours=[{"team": "North"}]), hours, "team North"),
        (claim(benefit_class="claimed_only", evidence_tier=0), hours, "team North"),
        # The same line: as cash, as cash to come, as cost avoided.
        (claim(CASH, ledger_reference="JNL-8"), cash, "budget line CS-4400"),
        (claim(CASH, benefit_class="cash_committed", budget_line="cs-4400"), cash, "cs-4400"),
        (claim(CASH, benefit_class="cost_avoided"), cash, "budget line"),
        (claim(by_hours, pool_id=seats), cash, "reclaimed seats"),
    ]
    for path in (one, other):
        for sent, first, what in attempts:
            if sent.get("hours") == [{"team": "South"}, {}]:
                told = await admin.post(f"{path}/benefits", json=sent)
                problem(told, 422, "hours_repeated")
                continue
            refused = problem(
                await admin.post(f"{path}/benefits", json=sent), 409, "counted_already"
            )
            assert what.casefold() in refused["detail"].casefold()
            assert refused["overlaps"]["claim_id"] == first["claim_id"]
            assert first["title"] in refused["detail"]
    # What touches neither the hours, nor the line, nor the period counts.
    await claimed(admin, other, hours=[{"team": "South", "category": "case_notes"}])
    await claimed(admin, other, CASH, starts_on="2024-09-01", ends_on="2024-10-01")
    # A change that would count twice is refused as well; a claim that is withdrawn counts nothing.
    later = await claimed(admin, other, starts_on="2024-09-01", ends_on="2024-10-01")
    own = f"{other}/benefits/{later['claim_id']}"
    problem(await admin.patch(own, json={"starts_on": "2024-08-31"}), 409, "counted_already")
    first = f"{one}/benefits/{hours['claim_id']}"
    good(await admin.patch(first, json={"is_withdrawn": True}))
    assert good(await admin.patch(own, json={"starts_on": "2024-06-01"}))["low"] == "100.00"
    problem(await admin.patch(first, json={"is_withdrawn": False}), 409, "counted_already")


@ONE
async def test_of_another_pilot_only_as_much_is_told_as_may_be_seen(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "LEAD")
    lead_id = good(await admin.get("/people?external_id=LEAD"))["items"][0]["person_id"]
    one = f"/pilots/{await pilot(admin)}"
    led = f"/pilots/{await pilot(admin, code='LED', lead_external_id='LEAD')}"
    hidden = await claimed(admin, one, title="Hidden")
    lead = await council.as_role(Role.PILOT_LEAD, person_id=lead_id)
    refused = problem(await lead.post(f"{led}/benefits", json=claim()), 409, "counted_already")
    assert refused["overlaps"] is None
    assert "a pilot that you may not see" in refused["detail"]
    assert not [each for each in ("Hidden", hidden["claim_id"], one[8:]) if each in str(refused)]
    problem(await lead.get(f"{one}/benefits"), 404, "not_found")


async def test_of_many_claims_at_once_one_counts(
    council: Council, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two applications with connections of their own claim the same hours for two pilots.

    On PostgreSQL each has come as far as the lock before the first goes on from what it has read. SQLite lets
    one begin to write at a time.
    """
    many, arrived, every = 6, 0, asyncio.Event()
    hold, read = organisations.hold, repository.counting_in

    async def counted(*args: Any) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == many or council.database.is_sqlite:
            every.set()
        await hold(*args)

    async def after_all(*args: Any) -> list[BenefitClaim]:
        found = await read(*args)
        await asyncio.wait_for(every.wait(), 60)
        return found

    monkeypatch.setattr(organisations, "hold", counted)
    monkeypatch.setattr(repository, "counting_in", after_all)
    admin = await council.admin()
    paths = await _two(admin)
    key = await council.key()
    other = create_app(settings)
    async with other.router.lifespan_context(other):
        beside = Council(other, council.organisation)
        clients = [council.client(key), beside.client(key)]
        named = [{"team": "North"}, {"department": "Care"}, {"category": "case_notes"}]
        answers = await asyncio.gather(
            *(
                clients[n % 2].post(
                    f"{paths[n // 2 % 2]}/benefits", json=claim(hours=[named[n % 3]])
                )
                for n in range(many)
            )
        )
        await beside.close()
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (many - 1)
    listed = [good(await admin.get(f"{path}/benefits"))["items"] for path in paths]
    assert sum(map(len, listed)) == 1


# --- finance --------------------------------------------------------------------------------------


@ONE
async def test_finance_alone_verifies_and_nobody_their_own(council: Council) -> None:
    admin, finance = await council.admin(), await council.as_role(Role.FINANCE)
    one, _ = await _two(admin)
    made = await claimed(admin, one, CASH)
    path = f"{one}/benefits/{made['claim_id']}/verifications"
    wanted = {"verdict": "verified", "reason": "Seen in the ledger"}
    problem(await admin.post(path, json=wanted), 403, "own_claim")
    lead = await council.as_role(Role.PILOT_LEAD)
    problem(await lead.post(path, json=wanted), 403, "scope_missing")
    problem(await finance.post(f"{one}/benefits", json=claim()), 403, "scope_missing")
    tier_5 = await admin.post(f"{one}/benefits", json=claim(evidence_tier=5))
    assert problem(tier_5, 422, "invalid_input")["errors"][0]["pointer"] == "/evidence_tier"
    before = good(await finance.get(f"{one}/benefit-position"))["cashable_proven"]
    assert before == [{"amount": "0.00", "currency": "GBP", "budget_lines": []}]
    seen = good(await finance.post(path, json=wanted))
    assert (seen["evidence_tier"], seen["verification_reason"]) == (5, "Seen in the ledger")
    (shown,) = good(await finance.get(f"{one}/benefit-position"))["cashable_proven"]
    assert shown["amount"] == "1000.00"
    assert shown["budget_lines"][0]["budget_line"] == "CS-4400"
    assert shown["budget_lines"][0]["ledger_references"] == ["JNL-7"]
    own = f"{one}/benefits/{made['claim_id']}"
    problem(await admin.patch(own, json={"central": "950.00"}), 409, "claim_is_verified")
    problem(await finance.post(path, json=wanted), 409, "nothing_to_verify")
    back = {"verdict": "taken_back", "reason": "Booked twice"}
    assert good(await finance.post(path, json=back))["evidence_tier"] == 2
    # Whoever has changed it has written it.
    other = await council.admin()
    good(await other.patch(own, json={"central": "950.00"}))
    problem(await other.post(path, json=wanted), 403, "own_claim")
    events = good(await admin.get("/audit-events"))["items"]
    actions = [e["action"] for e in events if e["resource_id"] == made["claim_id"]]
    assert actions == [
        *("benefit.changed", "benefit.verification_taken_back"),
        *("benefit.verified", "benefit.claimed"),
    ]


@ONE
async def test_a_claim_says_what_it_rests_on(council: Council) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}/benefits"
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"budget_line": None}, "/budget_line", "budget_line_needed"),
        ({"ledger_reference": None}, "/ledger_reference", "ledger_reference_needed"),
        ({"measure": "hours"}, "/measure", "measure_of_class"),
        ({"evidence": None}, "/evidence", "evidence_needed"),
        ({"low": "1000.01"}, "/central", "range_out_of_order"),
        ({"ends_on": "2024-06-01"}, "/ends_on", "dates_out_of_order"),
        ({"benefit_class": "claimed_only"}, "/evidence_tier", "evidence_of_class"),
    ]
    for fields, pointer, code in wrong:
        answer = problem(await admin.post(path, json=claim(CASH, **fields)), 422, code)
        assert pointer in {each["pointer"] for each in answer["errors"]}, code


@ONE
async def test_reclaimed_seats_save_cash_from_the_renewal_on(council: Council) -> None:
    admin = await council.admin()
    one, _ = await _two(admin)
    seats = (await pool(admin, term_ends_on="2024-07-01")).rpartition("/")[2]
    early = await admin.post(f"{one}/benefits", json=claim(CASH, pool_id=seats))
    assert "1 July 2024" in problem(early, 409, "before_renewal")["detail"]
    await claimed(admin, one, CASH, pool_id=seats, starts_on="2024-07-01")


# --- never added ----------------------------------------------------------------------------------


def _claims(parts: list[tuple[BenefitClass, int, bool]]) -> list[BenefitClaim]:
    """Claims whose amounts tell their class: class n counts in units of 10,000 to the n, of a penny."""
    found = []
    for kind, amount, is_verified in parts:
        penny = Decimal(10) ** (2 * list(BenefitClass).index(kind)) / 100
        each = dict.fromkeys(("low", "central", "high"), amount * penny)
        measure = Measure.HOURS if kind is BenefitClass.CAPACITY_RELEASED else Measure.MONEY
        found.append(
            BenefitClaim(
                organisation_id=uuid4(),
                pilot_id=uuid4(),
                title=kind,
                benefit_class=kind,
                stated_tier=1,
                measure=measure,
                currency="GBP",
                budget_line=f"B-{len(found)}" if kind in CASH_CLASSES else None,
                ledger_reference="J" if kind is BenefitClass.CASH_REALISED else None,
                starts_on="2024-06-01",
                ends_on="2024-07-01",
                created_by=uuid4(),
                written_by=[],
                verified_at=clock.now() if is_verified else None,
                **each,
            )
        )
    return found


def _numbers(answer: Any) -> set[Decimal]:
    if isinstance(answer, dict):
        parts = [part for name, part in answer.items() if name not in ("claims", "verified")]
        return set().union(*map(_numbers, parts)) if parts else set()
    if isinstance(answer, list):
        return set().union(*map(_numbers, answer)) if answer else set()
    try:
        return {Decimal(answer)} if isinstance(answer, str) else set()
    except ArithmeticError:
        return set()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(BenefitClass), st.integers(1, 9), st.booleans()), max_size=9)
)
def test_no_number_of_a_position_adds_classes_and_no_cash_is_without_its_line(
    parts: list[tuple[BenefitClass, int, bool]],
) -> None:
    claims = _claims(parts)
    answer = position_out(uuid4(), position(claims), proven(claims, "GBP")).model_dump(mode="json")
    answer.pop("pilot_id")
    for number in _numbers(answer):
        # In hundreds: the digits of one class, and of no other.
        digits, used = int(number * 100), 0
        while digits:
            digits, part = divmod(digits, 100)
            used += part > 0
        assert used <= 1, number
    for each in answer["classes"]:
        if each["benefit_class"] in CASH_CLASSES:
            assert each["money"] == []
            assert all(line["budget_line"] for line in each["budget_lines"])
    (shown,) = answer["cashable_proven"]
    lines = shown["budget_lines"]
    assert Decimal(shown["amount"]) == sum(Decimal(x["cash"]["net"]["central"]) for x in lines)
    assert bool(lines) == any(
        kind is BenefitClass.CASH_REALISED and is_verified for kind, _, is_verified in parts
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["North", "South", None]), min_size=4, max_size=4))
def test_what_counts_twice_does_so_from_either_side(named: list[str | None]) -> None:
    one, other = _claims([(BenefitClass.CAPACITY_RELEASED, 1, False)] * 2)
    for each, (team, department) in zip((one, other), (named[:2], named[2:]), strict=True):
        each.hours = [{"department": department, "team": team, "category": None}]
        each.starts_on, each.ends_on = clock.today("UTC"), clock.today("UTC").replace(year=2200)
    apart = any(a and b and a != b for a, b in zip(named[:2], named[2:], strict=True))
    assert (counted_twice(one, other) is None) == apart == (counted_twice(other, one) is None)


# --- sensitivity, break-even ----------------------------------------------------------------------


@ONE
async def test_a_result_is_told_with_each_assumption_at_either_end(council: Council) -> None:
    admin = await council.admin()
    one, _ = await _two(admin)
    said = [
        {"name": "people", "low": "18", "central": "20", "high": "22"},
        {"name": "share recaptured", "low": "0", "central": "0.50", "high": "1"},
        {"name": "weeks lost", "effect": "divides", "low": "1", "central": "2", "high": "2"},
    ]
    fields = {"assumptions": said, "checking_hours": "40", "training_hours": "10"}
    made = await claimed(admin, one, **fields)
    found = good(await admin.get(f"{one}/benefits/{made['claim_id']}/sensitivity"))
    assert (found["of"], found["central"], found["costs"], found["net"]) == (
        *("hours", "200.00", "50.00"),
        "150.00",
    )
    assert [
        (s["assumption"], s["result_at_low"], s["result_at_high"]) for s in found["swings"]
    ] == [
        ("share recaptured", "-50.00", "350.00"),
        ("weeks lost", "350.00", "150.00"),
        ("people", "130.00", "170.00"),
    ]


@ONE
async def test_minutes_a_seat_and_week_at_which_it_pays_for_itself(council: Council) -> None:
    admin = await council.admin()
    one, _ = await _two(admin)
    term = {"term_starts_on": "2024-04-01", "term_ends_on": "2025-03-31", "seat_price": "312.00"}
    await pool(admin, pilot_id=one.rpartition("/")[2], **term)
    # 52 weeks at 6.00; 36.00 an hour is 60p a minute, of which half is recaptured.
    asked = {"pay_per_hour": "36.00", "share_recaptured": "0.5"}
    (found,) = good(await admin.get(f"{one}/break-even", params=asked))["pools"]
    assert found["cost_per_seat_week"] == {"amount": "6.00", "currency": "GBP"}
    assert found["minutes_per_seat_week"] == "20.00"
    (found,) = good(
        await admin.get(f"{one}/break-even", params={**asked, "share_recaptured": "0"})
    )["pools"]
    assert found["minutes_per_seat_week"] is None
