"""Rules about drawing a comparison group: by chance, before the pilot starts, and repeatable."""

import random
import secrets
from collections.abc import Collection
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access import service as access
from app.access.permissions import Scope
from app.access.principals import Principal
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.errors import Invalid
from app.core.pagination import PageQuery
from app.licences.comparison_draws import errors, repository
from app.licences.comparison_draws.models import ComparisonDraw
from app.licences.comparison_draws.schemas import MAX_SEED, ComparisonDrawIn
from app.licences.pools import service as pools
from app.licences.waiting_list import service as waiting_list
from app.people import service as people
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.pilots.schemas import MemberRow


async def draw(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: ComparisonDrawIn
) -> ComparisonDraw:
    """Draw people by chance and enrol them in arm `comparison`.

    Raises:
        NotFound: there is no such pilot within reach.
        Conflict: it has started, no pool is for it, or there are fewer candidates than wanted.
        Invalid: somebody named is nobody.
        Forbidden: the waiting list is asked for by somebody who may not read it.
    """
    # Held, so that it does not start, and nobody else draws, meanwhile.
    pilot = await pilots.get(session, principal, pilot_id, for_update=True)
    pilots.check_not_started(pilot, "A comparison group")
    if wanted.person_external_ids is None:
        candidates = await _waiting(session, principal, pilot)
    else:
        candidates = await _named(session, principal, wanted.person_external_ids)
    candidates -= await membership.enrolled(session, principal, pilot, candidates)
    if len(candidates) < wanted.people:
        raise errors.too_few(len(candidates))
    seed = secrets.randbelow(MAX_SEED + 1) if wanted.seed is None else wanted.seed
    chosen = drawn_of(seed, candidates, wanted.people)
    rows = [
        Parsed(n, MemberRow(person_id=person_id, arm=Arm.COMPARISON))
        for n, person_id in enumerate(chosen)
    ]
    options = BulkOptions(BulkMode.ATOMIC)
    enrolled = await membership.upsert_many(
        session, principal, pilot.id, [rows], options, origin="comparison-draw"
    )
    if enrolled.batch_id is None:
        raise RuntimeError("members were enrolled without a batch")
    row = ComparisonDraw(
        organisation_id=principal.organisation_id,
        pilot_id=pilot.id,
        batch_id=enrolled.batch_id,
        seed=seed,
        candidates=len(candidates),
        drawn=len(chosen),
        principal_id=principal.id,
    )
    session.add(row)
    await session.flush()
    return row


def drawn_of(seed: int, candidates: Collection[UUID], wanted: int) -> list[UUID]:
    """The people with the smallest numbers; everybody's is made of seed and id, whoever else there is."""

    def number(person_id: UUID) -> float:
        return random.Random(f"{seed}/{person_id}").random()  # noqa: S311 - to be repeated, no secret

    return sorted(candidates, key=lambda person_id: (number(person_id), person_id))[:wanted]


async def _waiting(session: AsyncSession, principal: Principal, pilot: Pilot) -> set[UUID]:
    access.authorise(principal, Scope.LICENCES_READ)
    found = await pools.of_pilot(session, principal, pilot.id)
    if not found:
        raise errors.no_pool()
    return await waiting_list.everybody(session, principal, [pool.id for pool in found])


async def _named(session: AsyncSession, principal: Principal, external_ids: list[str]) -> set[UUID]:
    references = [(None, external_id) for external_id in external_ids]
    found = await people.resolve(session, principal, references)
    for place, reference in enumerate(references):
        if reference not in found:
            raise Invalid.field(
                f"/person_external_ids/{place}",
                "unknown_person",
                "Nobody is recorded under this number. POST /people first.",
            )
    return set(found.values())


async def page(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[ComparisonDraw], str | None]:
    """The draws of a pilot within reach."""
    await pilots.get(session, principal, pilot_id)
    return await repository.page(session, principal, pilot_id, query)


async def was_drawn(session: AsyncSession, principal: Principal, pilot: Pilot) -> bool:
    """Whether anybody of a pilot within reach was drawn by chance."""
    return await repository.exists(session, principal, pilot.id)
