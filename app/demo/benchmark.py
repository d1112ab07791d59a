"""Eleven more simulated councils with their returns, so that the demo's council can be compared."""

import random
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.benchmarking.participation import service as participation
from app.benchmarking.participation.models import CouncilKind
from app.benchmarking.participation.schemas import ParticipationIn
from app.benchmarking.releases import publication
from app.benchmarking.releases import service as releases
from app.benchmarking.releases.schemas import ComparisonOut, comparison_out
from app.benchmarking.returns import service as returns
from app.benchmarking.returns.schemas import AnswerIn, ReturnIn, Step
from app.core.pagination import PageQuery
from app.organisations import service as organisations

YEAR: Final = 2024
_SEED: Final = 20240401
_NAMES: Final = (
    *("Ashby", "Birchwood", "Calder", "Dunmere", "Elmstone", "Fenwick"),
    *("Greywell", "Harrow Vale", "Ingle", "Kestrel", "Lowmoor"),
)
_OWN_POPULATION: Final = 345_000


async def load(session: AsyncSession, principal: Principal) -> ComparisonOut:
    """Let twelve councils submit a return for the year and be compared, where they have not been.

    Args:
        session: the transaction.
        principal: of the demo's council.

    Returns:
        The comparison as the demo's council has it.
    """
    found = await releases.comparison(session, principal, YEAR, None)
    if found is None:
        chance = random.Random(_SEED)  # noqa: S311 - a simulation, not a secret
        await _submit(session, principal, CouncilKind.UNITARY, _OWN_POPULATION, _own())
        for place, name in enumerate(_NAMES):
            council = await organisations.create(
                session, f"{name} Simulated Council", is_simulated=True
            )
            kind = CouncilKind.UNITARY if place < 5 else CouncilKind.METROPOLITAN
            population = 345_000 + 9_000 * place if place % 2 else 190_000 + 9_000 * place
            answers = _simulated(population, chance)
            await _submit(session, Principal.system(council), kind, population, answers)
        await publication.publish(session, YEAR, simulated=True)
        found = await releases.comparison(session, principal, YEAR, None)
    return comparison_out(found)


async def _submit(
    session: AsyncSession,
    principal: Principal,
    kind: CouncilKind,
    population: int,
    answers: dict[str, AnswerIn],
) -> None:
    wanted = ParticipationIn(kind=kind, population=population, is_sharing=True)
    await participation.choose(session, principal, wanted, None)
    earlier, _ = await returns.page(session, principal, PageQuery(limit=1), YEAR)
    row = earlier[0] if earlier else await returns.begin(session, principal, ReturnIn(year=YEAR))
    await returns.change(session, principal, row.id, answers, None)
    for step in (Step.CHECKED, Step.SUBMITTED):
        await returns.take(session, principal, row.id, step)


def _own() -> dict[str, AnswerIn]:
    """What the demo's council knows beside what it has recorded, and its papers and claims of other days say."""
    entered = {
        "staff_in_post": 5_400,
        "digital_staff": 155,
        "ai_staff": 2.5,
        "ai_trained_share": 0.22,
        "ict_spend": 18_400_000,
        "ai_implementation_spend": 64_000,
        "cost_avoided": 0,
        "capacity_released": 365,
        "policy_topics_covered": 5,
        "overdue_policy_share": 0,
        "processes_automated": 6,
    }
    answers = {name: AnswerIn(value=float(value)) for name, value in entered.items()}
    # Withheld from anybody, and so not filled in: entered by those who may see it.
    answers["licence_utilisation"] = AnswerIn(value=0.232, low=0.211, high=0.253)
    return answers


def _simulated(population: int, chance: random.Random) -> dict[str, AnswerIn]:
    """What a council of a size might answer: plausible, and made up."""

    def around(middle: float, spread: float = 0.35) -> float:
        return middle * chance.lognormvariate(0, spread)

    def measured(middle: float, spread: float, half: float) -> AnswerIn:
        value = round(chance.gauss(middle, spread), 4)
        return AnswerIn(value=value, low=round(value - half, 4), high=round(value + half, 4))

    def share(middle: float) -> float:
        return round(min(0.99, max(0.01, chance.gauss(middle, 0.16))), 3)

    staff = round(population * 0.0155 * chance.uniform(0.85, 1.15))
    digital = round(staff * chance.uniform(0.022, 0.034), 1)
    spending = round(staff * around(3_300, 0.15))
    licences = round(around(220))
    entered = {
        "staff_in_post": staff,
        "digital_staff": digital,
        "ai_staff": round(min(digital, around(2.2)) * 2) / 2,
        "ai_trained_share": share(0.3),
        "ict_spend": spending,
        "ai_licence_spend": min(spending, licences * chance.choice((74, 296))),
        "ai_implementation_spend": round(around(70_000)),
        "cash_savings_verified": chance.choice((0, 0, 0, 12_000, 45_000)),
        "cost_avoided": round(around(25_000)),
        "capacity_released": round(around(4_500)),
        "policy_topics_covered": chance.randint(4, 11),
        "overdue_policy_share": share(0.25),
        "assessed_pilot_share": share(0.75),
        "days_of_assurance": round(around(28)),
        "ai_pilots_begun": chance.randint(1, 6),
        "ai_licences": licences,
        "processes_automated": round(around(9)),
    }
    answers = {name: AnswerIn(value=float(value)) for name, value in entered.items()}
    answers["admin_share_change"] = measured(-0.12, 0.08, 0.05)
    answers["licence_utilisation"] = measured(0.31, 0.07, 0.03)
    answers["late_adoption"] = measured(0.58, 0.1, 0.07)
    answers["ai_output_error_rate"] = measured(0.045, 0.012, 0.02)
    return answers
