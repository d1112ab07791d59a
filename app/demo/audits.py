"""What the AI wrote in the simulated children's services, audited: a sample drawn by chance, marked, and partly twice."""

from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.output_audits import markings, service
from app.assurance.output_audits.models import (
    FindingType,
    OutputKind,
    Reached,
    SampledOutput,
    Severity,
)
from app.assurance.output_audits.schemas import (
    AuditPlanIn,
    FindingIn,
    MarkingIn,
    OutputDrawIn,
    OutputRow,
)
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.pagination import PageQuery
from app.core.periods import DAY
from app.pilots.models import Pilot

_LISTED: Final = 240
_SEED: Final = 20250407
_MANY: Final = PageQuery(limit=200)
# Whoever marks second is somebody else.
_SECOND: Final = UUID("00000000-0000-7000-8000-000000000002")
# By the place among those drawn: what the first marker finds, and where the second sees nothing.
_FOUND: Final = {
    6: (FindingType.OMISSION, Severity.MAJOR, Reached.CORRECTED),
    17: (FindingType.BIASED_OR_UNSUITABLE_TONE, Severity.MINOR, Reached.CORRECTED),
    29: (FindingType.FORMAT, Severity.COSMETIC, Reached.RECORD),
    41: (FindingType.MISATTRIBUTION, Severity.MAJOR, Reached.CORRECTED),
    52: (FindingType.WRONG_TIME_OR_ORDER, Severity.MINOR, Reached.CORRECTED),
}


async def load(session: AsyncSession, principal: Principal, pilot: Pilot) -> None:
    """Audit the pilot's case notes; once."""
    found, _ = await service.page(session, principal, pilot.id, _MANY)
    if found:
        return
    wanted = AuditPlanIn(
        name="Case notes (simulated)",
        kind=OutputKind.CASE_NOTES,
        starts_on=pilot.starts_on,
        ends_on=pilot.ends_on,
        strata=["output_type"],
        error_limit=0.1,
        error_warning=0.05,
        critical_below=0.05,
        second_share=0.2,
    )
    plan = await service.create(session, principal, pilot.id, wanted)
    length = (pilot.ends_on - pilot.starts_on).days
    outputs = (_output(n, pilot.starts_on + DAY * (n % length)) for n in range(_LISTED))
    rows = [Parsed(number, row=output) for number, output in enumerate(outputs)]
    atomic = BulkOptions(mode=BulkMode.ATOMIC)
    await service.list_outputs(session, principal, pilot.id, plan.id, [rows], atomic)
    await service.draw(session, principal, pilot.id, plan.id, OutputDrawIn(seed=_SEED))
    drawn, _ = await markings.sample_page(session, principal, pilot.id, plan.id, _MANY)
    in_order = sorted(drawn, key=lambda each: each[1].output_ref)
    for place, (sampled, _) in enumerate(in_order):
        await _mark(session, principal, pilot, sampled, place)


def _output(number: int, day: date) -> OutputRow:
    kind = "home-visit" if number % 3 else "review"
    return OutputRow(output_ref=f"note-{number:04}", produced_on=day, output_type=kind)


async def _mark(
    session: AsyncSession, principal: Principal, pilot: Pilot, sampled: SampledOutput, place: int
) -> None:
    kind = _FOUND.get(place)
    findings = [FindingIn(type=kind[0], severity=kind[1], reached=kind[2])] if kind else []
    said = MarkingIn(
        findings=findings, statements_checked=12, statements_wrong=1 if findings else 0
    )
    for who in (principal, replace(principal, id=_SECOND))[: 1 + sampled.marked_twice]:
        await markings.mark(session, who, pilot.id, sampled.plan_id, sampled.id, said)
