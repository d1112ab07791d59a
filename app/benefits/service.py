"""Rules about claims: each counts once, cash has a budget line, and finance alone verifies."""

from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.benefits import repository
from app.benefits.models import CASH, BenefitClaim, BenefitClass
from app.benefits.rules import counted_twice, problems
from app.benefits.schemas import (
    BenefitClaimChange,
    BenefitClaimIn,
    FinanceVerdict,
    VerificationIn,
    changed,
)
from app.core import clock, sentences
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, existing
from app.core.etags import check_if_match, etag_of
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.periods import DAY, Window
from app.licences.pools import service as pools
from app.licences.pools.models import LicencePool
from app.metrics.snapshots import service as snapshots
from app.organisations import service as organisations
from app.pilots import service as pilots


async def create(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: BenefitClaimIn
) -> BenefitClaim:
    """Claim a benefit of a pilot.

    Raises:
        NotFound: there is no such pilot, pool or snapshot within reach.
        Invalid: it lacks something, or its numbers are not in order.
        Conflict: it counts what another claim counts, or cash before it can be saved.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    claim = BenefitClaim(
        organisation_id=principal.organisation_id,
        id=new_id(),
        pilot_id=pilot.id,
        currency=principal.organisation.currency,
        created_by=principal.id,
        written_by=_who(principal),
        **changed(wanted),
    )
    await _check(session, principal, claim)
    session.add(claim)
    await session.flush()
    details = {"class": claim.benefit_class, "evidence_tier": claim.evidence_tier}
    await audit_log.record(session, principal, "benefit.claimed", claim.id, details=details)
    return claim


async def get(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    claim_id: UUID,
    *,
    for_update: bool = False,
) -> BenefitClaim:
    """One claim.

    Raises:
        NotFound: there is none within reach.
    """
    await pilots.get(session, principal, pilot_id)
    found = await repository.find(session, principal, pilot_id, claim_id, for_update=for_update)
    return existing(found, "claim")


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    benefit_class: BenefitClass | None,
) -> tuple[list[BenefitClaim], str | None]:
    """Claims of a pilot within reach, those that are withdrawn as well."""
    await pilots.get(session, principal, pilot_id)
    return await repository.page(session, principal, pilot_id, query, benefit_class)


async def counting(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[BenefitClaim]:
    """The claims of a pilot within reach that count."""
    await pilots.get(session, principal, pilot_id)
    return await repository.counting(session, principal, pilot_id)


async def counting_in(
    session: AsyncSession, principal: Principal, days: Window
) -> list[BenefitClaim]:
    """The claims of the whole organisation that count on one of these days."""
    return await repository.counting_in(session, principal, days)


async def pools_of(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[LicencePool]:
    """The licence pools of a pilot within reach."""
    await pilots.get(session, principal, pilot_id)
    return await pools.of_pilot(session, principal, pilot_id)


async def change(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    claim_id: UUID,
    changes: BenefitClaimChange,
    if_match: str | None,
) -> BenefitClaim:
    """Change a claim; what is left out stays.

    Raises:
        Conflict: finance has verified it; or as for `create`.
        NotFound, Invalid: as for `create`.
    """
    # Before the claim, as an erasure does, which takes names out of claims.
    await organisations.hold(session, principal.organisation_id)
    claim = await get(session, principal, pilot_id, claim_id, for_update=True)
    check_if_match(if_match, etag_of(claim.id, claim.revision))
    if claim.verified_at is not None:
        raise Conflict(
            "Finance has verified this claim as it stands. It can be changed once finance has taken that back.",
            code="claim_is_verified",
        )
    values = changed(changes)
    for name, value in values.items():
        setattr(claim, name, value)
    claim.written_by = sorted({*claim.written_by, *_who(principal)})
    claim.touch()
    with session.no_autoflush:
        await _check(session, principal, claim)
    details = {"fields": sorted(values)}
    await audit_log.record(session, principal, "benefit.changed", claim.id, details=details)
    return claim


def _who(principal: Principal) -> list[str]:
    """Whoever acts: a key or account, and the person whom it is for."""
    return [str(each) for each in (principal.id, principal.person_id) if each is not None]


async def verify(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    claim_id: UUID,
    wanted: VerificationIn,
) -> BenefitClaim:
    """Say for finance that a claim is right, which makes it tier 5; or take that back.

    Raises:
        Forbidden: the caller wrote or changed the claim.
        Conflict: it is verified already, or not at all; withdrawn; or no more than claimed.
    """
    claim = await get(session, principal, pilot_id, claim_id, for_update=True)
    if set(_who(principal)) & set(claim.written_by):
        raise Forbidden(
            "Whoever wrote a claim cannot verify it. Let somebody else of finance do it.",
            code="own_claim",
        )
    verifies = wanted.verdict is FinanceVerdict.VERIFIED
    if verifies == (claim.verified_at is not None):
        detail = "It is verified already." if verifies else "It is not verified."
        raise Conflict(detail, code="nothing_to_verify")
    if verifies and (claim.is_withdrawn or claim.benefit_class is BenefitClass.CLAIMED_ONLY):
        raise Conflict(
            "A claim that is withdrawn, or claimed only, says nothing that could be verified. Have it given a "
            "class first.",
            code="nothing_to_verify",
        )
    claim.verified_at = clock.now() if verifies else None
    claim.verified_by = principal.id if verifies else None
    claim.verification_reason = wanted.reason
    claim.touch()
    action = f"benefit.{'verified' if verifies else 'verification_taken_back'}"
    await audit_log.record(session, principal, action, claim.id)
    return claim


async def _check(session: AsyncSession, principal: Principal, claim: BenefitClaim) -> None:
    wrong = problems(claim)
    if wrong:
        raise Invalid(wrong[0].detail, code=wrong[0].code, errors=wrong)
    if claim.snapshot_id is not None:
        shown = await snapshots.get(session, principal, claim.snapshot_id)
        if shown.pilot_id != claim.pilot_id:
            raise NotFound("There is no such snapshot of this pilot.")
    await _check_renewal(session, principal, claim)
    # Of two at once the second sees the first: one claim of an organisation is written at a time.
    await organisations.hold(session, principal.organisation_id)
    for other in await repository.counting_in(session, principal, claim.period, claim.id):
        what = counted_twice(claim, other)
        if what is not None:
            raise await _counted_by(session, principal, what, other)


async def _check_renewal(session: AsyncSession, principal: Principal, claim: BenefitClaim) -> None:
    if claim.pool_id is None:
        return
    pool = await pools.get(session, principal, claim.pool_id)
    if claim.benefit_class in CASH and claim.starts_on < pool.term_ends_on:
        raise Conflict(
            "The seats of this pool are paid for until it is renewed on "
            f"{sentences.day(pool.term_ends_on)}, used or not: let the period begin then, or claim capacity instead.",
            code="before_renewal",
        )


async def _counted_by(
    session: AsyncSession, principal: Principal, what: str, other: BenefitClaim
) -> Conflict:
    """What is counted twice, and by which claim, as far as the caller may see it."""
    try:
        await pilots.get(session, principal, other.pilot_id)
    except NotFound:
        by, seen = "a claim of a pilot that you may not see", None
    else:
        period = f"{sentences.day(other.starts_on)} to {sentences.day(other.ends_on - DAY)}"
        by = f"“{other.title}” (claim {other.id}, {other.benefit_class}, {period})"
        seen = _identified(other)
    return Conflict(
        f"Counted already in this period: {what}, by {by}. One hour, one budget line and one "
        "period count once, in whatever pilot and class: narrow this claim, or change that one.",
        code="counted_already",
        extra={"overlaps": seen},
    )


def _identified(claim: BenefitClaim) -> dict[str, Any]:
    return {
        "claim_id": str(claim.id),
        "pilot_id": str(claim.pilot_id),
        "title": claim.title,
        "benefit_class": claim.benefit_class,
    }
