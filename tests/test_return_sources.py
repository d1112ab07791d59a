"""What a return is filled in with: each answer is what the API itself says of the same, and of no more."""

from datetime import date
from statistics import median
from typing import Any

import httpx
import pytest

from app.access.permissions import Role
from tests.benefits import CASH, HOURS, claimed
from tests.council import Council, good, pilot
from tests.licences import on
from tests.test_governance import ANY, POLICY, approve, item
from tests.test_output_audits import CRITICAL, PLAN, Audit, output

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
_TODAY, _NEXT_YEAR = "2024-12-02", "2025-05-06"
_AVOIDED = {**CASH, "benefit_class": "cost_avoided", "budget_line": None, "ledger_reference": None}


async def _answers(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The answers of a return, taken anew."""
    answers: dict[str, Any] = good(await client.post(f"{path}/fill-in"))["answers"]
    return answers


async def _return(client: httpx.AsyncClient) -> str:
    made = good(await client.post("/benchmark-returns", json={"year": 2024}), 201)
    return f"/benchmark-returns/{made['return_id']}"


async def _begun(client: httpx.AsyncClient, code: str, **dates: str) -> str:
    """A pilot that runs; its path."""
    path = f"/pilots/{await pilot(client, code=code, **dates)}"
    for step in ("planned", "running"):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)
    return path


async def _policy(client: httpx.AsyncClient, **fields: Any) -> str:
    """A policy in force; its path."""
    path = f"/policies/{good(await client.post('/policies', json={**POLICY, **fields}), 201)['policy_id']}"
    for status in ("consulted", "approved", "published"):
        good(await client.patch(path, json={"status": status}, headers=ANY))
    return path


@ONE
async def test_policies_answer_as_they_stood_when_the_year_ended(council: Council) -> None:
    client = await council.admin()
    with on("2024-05-08"):
        here = await _return(client)
        assert await _answers(client, here) == {}
        await _policy(client, review_on="2024-09-01")
        other = await _policy(client, code="AI-2", topics=["use", "education"])
    with on(_TODAY):
        shown = good(await client.get("/governance/figures"))
        answers = await _answers(client, here)
        assert answers["policy_topics_covered"]["value"] == len(shown["topics_covered"]) == 4
        late = len(shown["policies_overdue"]) / shown["policies_published"]
        assert answers["overdue_policy_share"]["value"] == late == 0.5
        provenance = answers["overdue_policy_share"]["provenance"]
        assert (provenance["source"], provenance["as_of"]) == ("GET /governance/figures", _TODAY)
    with on(_NEXT_YEAR):
        # The first day of review of the other has passed too, but not by the end of the year.
        answers = await _answers(client, here)
        assert answers["overdue_policy_share"]["value"] == 0.5
        assert answers["policy_topics_covered"]["provenance"]["as_of"] == "2025-03-31"
        await _policy(client, code="AI-3", topics=["copyright"])
        assert (await _answers(client, here))["policy_topics_covered"]["value"] == 4
        # Its day of review on the last day of the year is not known any more, nor then when it was in force.
        good(await client.patch(other, json={"review_on": "2026-04-01"}, headers=ANY))
        answers = await _answers(client, here)
        assert "overdue_policy_share" not in answers
        assert answers["policy_topics_covered"]["value"] == 4
        good(await client.patch(other, json={"status": "withdrawn"}, headers=ANY))
        assert "policy_topics_covered" not in await _answers(client, here)


@ONE
async def test_registers_answer_of_the_pilots_that_began(council: Council) -> None:
    client = await council.admin()
    with on(_TODAY):
        here = await _return(client)
        first = await _begun(client, "P-1")
        second = await _begun(client, "P-2", starts_on="2024-05-01")
        await _begun(client, "P-3", starts_on="2024-06-01")
        assert {"assessed_pilot_share", "days_of_assurance"}.isdisjoint(
            await _answers(client, here)
        )
        dpia = {"kind": "dpia", "residual_risk": "low"}
        await approve(client, await item(client, first, **dpia), approved_on="2024-03-15")
        basis = {"kind": "lawful_basis", "basis": "public_task"}
        basis |= {"data_categories": ["Work records"]}
        await approve(client, await item(client, first, **basis), approved_on="2024-03-20")
        await approve(client, await item(client, second, **dpia), approved_on="2024-05-01")
        answers = await _answers(client, here)
        # The second was assessed on the day on which it began, the third never.
        assert answers["assessed_pilot_share"]["value"] == pytest.approx(1 / 3)
        took = []
        for path in (first, second):
            items = good(await client.get(f"{path}/register"))["items"]
            days = [
                [date.fromisoformat(i[on]) for i in items] for on in ("approved_on", "opened_on")
            ]
            took.append((max(days[0]) - min(days[1])).days)
        assert answers["days_of_assurance"]["value"] == median(took) == 40
        gates = {g["gate"]: g for g in good(await client.get("/governance/figures"))["gates"]}
        assert gates["lawful_basis"]["median_days"] == took[0]
        about = answers["days_of_assurance"]["provenance"]["about"]
        assert about == [path.rpartition("/")[2] for path in (first, second)]


@ONE
async def test_audits_answer_with_what_all_plans_of_the_year_show(council: Council) -> None:
    client = await council.admin()
    with on(_TODAY):
        here = await _return(client)
        pilot_id = await pilot(client)
        figures = []
        for wrong, outputs, begins in ((1, 12, "2024-04-01"), (0, 8, "2024-04-30"), (3, 5, None)):
            # The last is of the year before.
            days = {"starts_on": begins or "2024-03-31", "ends_on": "2024-07-01"}
            plans = f"/pilots/{pilot_id}/output-audit-plans"
            made = good(await client.post(plans, json={**PLAN, **days}), 201)
            audit = Audit(client, pilot_id, f"{plans}/{made['plan_id']}")
            listed = (output(n, produced_on="2024-05-02") for n in range(outputs))
            await audit.load(*listed)
            await audit.draw(outputs=outputs)
            for place, each in enumerate(await audit.sample()):
                found = (CRITICAL,) if place < wrong else ()
                good(await audit.mark(each, *found), 201)
            figures.append((await audit.figures())["error_rate"])
            if len(figures) == 1:
                # Of one plan it is that figure, with its interval.
                told = (await _answers(client, here))["ai_output_error_rate"]
                interval = figures[0]["interval"]
                assert told["value"] == figures[0]["value"]
                assert (told["low"], told["high"]) == (interval["low"], interval["high"])
        told = (await _answers(client, here))["ai_output_error_rate"]
        assert told["value"] == pytest.approx(1 / 20)
        assert told["low"] < told["value"] < told["high"]
        assert len(told["provenance"]["about"]) == 2


@ONE
async def test_each_class_of_benefits_answers_by_itself(council: Council) -> None:
    client, finance = await council.admin(), await council.as_role(Role.FINANCE)
    with on(_TODAY):
        here = await _return(client)
        path = f"/pilots/{await pilot(client)}"
        names = {"cash_savings_verified", "cost_avoided", "capacity_released"}
        assert names.isdisjoint(await _answers(client, here))
        cash = await claimed(client, path, CASH, implementation_cost="150.00")
        await claimed(client, path, _AVOIDED, central="950.00", hours=[])
        hours = {"training_hours": "20.00", "checking_hours": "35.50"}
        await claimed(client, path, HOURS, **hours)
        answers = await _answers(client, here)
        # Claimed is not verified.
        assert answers["cash_savings_verified"]["value"] == 0
        assert "Budget lines: none." in answers["cash_savings_verified"]["note"]
        wanted = {"verdict": "verified", "reason": "Seen in the ledger"}
        verify = f"{path}/benefits/{cash['claim_id']}/verifications"
        good(await finance.post(verify, json=wanted))
        answers = await _answers(client, here)
        shown = good(await client.get(f"{path}/benefit-position"))
        classes = {each["benefit_class"]: each for each in shown["classes"]}
        (line,) = shown["cashable_proven"][0]["budget_lines"]
        told = {name: answers[name] for name in names}
        assert {name: each["value"] for name, each in told.items()} == {
            "cash_savings_verified": float(line["cash"]["gross"]["central"]),
            "cost_avoided": float(classes["cost_avoided"]["money"][0]["gross"]["central"]),
            "capacity_released": float(classes["capacity_released"]["hours"]["net"]["central"]),
        }
        assert told["capacity_released"]["value"] == 144.5
        assert "CS-4400 (JNL-7)" in told["cash_savings_verified"]["note"]
        assert "Verified by finance: 0." in told["cost_avoided"]["note"]
        assert told["cash_savings_verified"]["provenance"]["evidence_tier"] == 5
        assert told["cost_avoided"]["provenance"]["evidence_tier"] == 2
        # Which part of this is of the year nobody knows.
        across = {"starts_on": "2025-03-01", "ends_on": "2025-05-01"}
        await claimed(client, path, HOURS, **across)
        answers = await _answers(client, here)
        assert "capacity_released" not in answers
        assert {name: answers[name]["value"] for name in names - {"capacity_released"}} == {
            "cash_savings_verified": 1000,
            "cost_avoided": 950,
        }
