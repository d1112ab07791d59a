"""Everything that the figures of a pilot are made from, gathered as digests."""

from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.licences.allocations import service as allocations
from app.licences.pools import service as pools
from app.metrics.inputs import repository
from app.metrics.inputs.digests import Gathered, InputKind, InputRow, Inputs
from app.metrics.inputs.repository import Extent
from app.pilots.models import Pilot, PilotStatus
from app.time_use.plans import service as plans
from app.time_use.taxonomies import service as taxonomies

_NOT_BEGUN = (PilotStatus.DRAFT, PilotStatus.PLANNED)
# Each a kind, and what reads its rows; those that tell since when people take part go first.
_WHO = {InputKind.MEMBERS: repository.members, InputKind.SEATS: repository.seats}
_REST = {
    InputKind.PEOPLE: repository.people,
    InputKind.ABSENCES: repository.absences,
    InputKind.FEEDBACK: repository.feedback,
    InputKind.ACTIVITY: repository.activity,
    InputKind.NEWEST_ACTIVITY: repository.newest_activity,
    InputKind.POOLS: repository.pools,
    InputKind.WAITING: repository.waiting,
    InputKind.KEPT_SEATS: repository.kept_seats,
}


async def gather(session: AsyncSession, principal: Principal, pilot: Pilot, as_of: date) -> Inputs:
    """What the figures of a pilot over its window, up to the end of a day, are made from.

    Args:
        session: the transaction.
        principal: whom the figures are for.
        pilot: within its reach.
        as_of: the last day that is taken into account.
    """
    of_pilot = await pools.of_pilot(session, principal, pilot.id)
    starts = [window.starts_on for window in pilot.windows]
    since = min([*starts, *(pool.term_starts_on for pool in of_pilot)])
    extent = Extent(principal, pilot, of_pilot, since, as_of)
    gathered = Gathered()
    gathered.add(InputKind.ORGANISATION, [_organisation(principal)])
    gathered.add(InputKind.PILOT, [_pilot(pilot)])
    gathered.add(InputKind.TAXONOMY, [await _taxonomy(session, principal, pilot)])
    gathered.add(InputKind.SAMPLING_PLAN, await _plan(session, principal, pilot))
    gathered.add(InputKind.CAPACITY, await _capacity(session, extent))
    for kind, read in _WHO.items():
        rows = await read(session, extent)
        gathered.add(kind, rows)
        for row in rows:
            extent = extent.back_to(row.day) if row.day is not None else extent
    for kind, read in _REST.items():
        gathered.add(kind, await read(session, extent))
    async for part in repository.time_samples(session, extent):
        gathered.add(InputKind.TIME_SAMPLES, part)
    return gathered.inputs()


def _organisation(principal: Principal) -> InputRow:
    owner = principal.organisation
    return InputRow(None, (), (owner.zone, owner.minimum_group_size, owner.is_simulated))


def _pilot(pilot: Pilot) -> InputRow:
    days = [(window.starts_on, window.ends_on) for window in pilot.windows]
    has_begun = pilot.status not in _NOT_BEGUN
    return InputRow(None, (), (pilot.kind, pilot.product, days, pilot.success_criteria, has_begun))


async def _taxonomy(session: AsyncSession, principal: Principal, pilot: Pilot) -> InputRow:
    """What codes mean: categories in whatever order, mappings in theirs, as the first that fits counts."""
    found = await taxonomies.of_pilot(session, principal, pilot)
    categories = sorted((each.model_dump(mode="json") for each in found.categories), key=str)
    mappings = [each.model_dump(mode="json") for each in found.mappings]
    return InputRow(None, (), (found.version, categories, mappings))


async def _plan(session: AsyncSession, principal: Principal, pilot: Pilot) -> list[InputRow]:
    plan = await plans.find(session, principal, pilot)
    if plan is None:
        return []
    hours = (plan.prompts_per_day, plan.from_time, plan.until_time)
    said = (plan.method, plan.arms, plan.days, plan.person_days_per_week, *hours)
    return [InputRow(None, (), said)]


async def _capacity(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """Seats of the pilot's pools from a day on; of two for one day the later recorded holds."""
    names: dict[UUID, str] = {pool.id: pool.name for pool in extent.pools}
    found = await allocations.capacity(session, extent.principal, list(names))
    return [
        InputRow(day, (names[pool_id],), (seats,))
        for pool_id, changes in found.items()
        for day, seats in dict(changes).items()
        if day <= extent.as_of
    ]
