"""Rules about policies: from a draft to one that is published, and reviewed."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.policies import errors, repository
from app.assurance.governance.policies.models import Policy, PolicyStatus
from app.assurance.governance.policies.schemas import PolicyChange, PolicyIn
from app.audit_log import service as audit_log
from app.core import clock, screening
from app.core.errors import Conflict, Invalid, existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery

_NEXT: Final[dict[PolicyStatus, frozenset[PolicyStatus]]] = {
    PolicyStatus.DRAFT: frozenset({PolicyStatus.CONSULTED, PolicyStatus.WITHDRAWN}),
    PolicyStatus.CONSULTED: frozenset(
        {PolicyStatus.DRAFT, PolicyStatus.APPROVED, PolicyStatus.WITHDRAWN}
    ),
    PolicyStatus.APPROVED: frozenset({PolicyStatus.PUBLISHED, PolicyStatus.WITHDRAWN}),
    PolicyStatus.PUBLISHED: frozenset({PolicyStatus.WITHDRAWN}),
    PolicyStatus.WITHDRAWN: frozenset(),
}
_UNSETTLED: Final = frozenset({PolicyStatus.DRAFT, PolicyStatus.CONSULTED})
_ENDED: Final = frozenset({PolicyStatus.PUBLISHED, PolicyStatus.WITHDRAWN})
# What may still be said of one that is approved: where it is, who answers for it, when it is reviewed.
_NEVER_FIXED: Final = frozenset({"status", "review_on", "owner", "document_ref"})
_TEXTS: Final = ("title", "owner", "document_ref")


async def create(session: AsyncSession, principal: Principal, wanted: PolicyIn) -> Policy:
    """A policy as a draft; the next version where there is one with this code.

    Raises:
        Conflict: the version before it is on its way still.
        Invalid: a text seems to identify a person.
    """
    values = _plain(wanted.model_dump(mode="python"))
    before = await repository.newest(session, principal, wanted.code)
    if before is not None and before.status not in _ENDED:
        raise errors.version_open(before.version)
    version = before.version + 1 if before else 1
    policy = Policy(organisation_id=principal.organisation_id, version=version, **values)
    session.add(policy)
    await session.flush()
    details = {"version": version}
    await audit_log.record(session, principal, "policy.created", policy.id, details=details)
    return policy


async def page(
    session: AsyncSession,
    principal: Principal,
    query: PageQuery,
    code: str | None,
    status: PolicyStatus | None,
) -> tuple[list[Policy], str | None]:
    """Versions of policies."""
    return await repository.page(session, principal, query, code, status)


async def get(
    session: AsyncSession, principal: Principal, policy_id: UUID, *, for_update: bool = False
) -> Policy:
    """One version of a policy.

    Raises:
        NotFound: there is none.
    """
    return existing(
        await repository.find(session, principal, policy_id, for_update=for_update), "policy"
    )


async def change(
    session: AsyncSession,
    principal: Principal,
    policy_id: UUID,
    changes: PolicyChange,
    if_match: str | None,
) -> Policy:
    """Change a version, or take it a step on; one that is published takes the place of the one before.

    Raises:
        Conflict: that step does not follow, or what an approved version says would change.
        Invalid: it would be published without a review date, or a text seems to identify a person.
        PreconditionRequired, PreconditionFailed: see `check_if_match`.
    """
    policy = await get(session, principal, policy_id, for_update=True)
    check_if_match(if_match, etag_of(policy.id, policy.revision), required=True)
    values = _plain(changes.model_dump(mode="python", exclude_unset=True))
    if policy.status not in _UNSETTLED and any(
        name not in _NEVER_FIXED and values[name] != getattr(policy, name) for name in values
    ):
        raise errors.is_fixed()
    to = values.pop("status", policy.status)
    for name, value in values.items():
        setattr(policy, name, value)
    if to is not policy.status:
        await _step(session, principal, policy, to)
    if policy.status is PolicyStatus.PUBLISHED and policy.review_on is None:
        raise Invalid.field(
            "/review_on", "review_missing", "Say when a published policy is reviewed."
        )
    policy.touch()
    details = {"fields": sorted(changes.model_fields_set), "status": policy.status}
    await audit_log.record(session, principal, "policy.changed", policy.id, details=details)
    return policy


async def _step(
    session: AsyncSession, principal: Principal, policy: Policy, to: PolicyStatus
) -> None:
    possible = _NEXT[policy.status]
    if to not in possible:
        ways = ", ".join(sorted(possible)) or "nothing: it has ended"
        raise Conflict(
            f"A policy that is {policy.status} cannot become {to}. It can become {ways}.",
            code="illegal_transition",
        )
    if to is PolicyStatus.PUBLISHED:
        policy.published_on = clock.today(principal.organisation.zone)
        for earlier in await repository.published(
            session, principal, code=policy.code, for_update=True
        ):
            earlier.status = PolicyStatus.WITHDRAWN
            earlier.touch()
        # One at a time is published, and the database holds us to it.
        await session.flush()
    policy.status = to


async def published(session: AsyncSession, principal: Principal) -> list[Policy]:
    """The policies that are in force."""
    return await repository.published(session, principal)


async def published_by(session: AsyncSession, principal: Principal, day: date) -> list[Policy]:
    """The versions that had been published by the end of a day, whatever has become of them since."""
    return await repository.published_by(session, principal, day)


async def overdue(
    session: AsyncSession, principal: Principal, today: date, *, for_update: bool = False
) -> list[Policy]:
    """Those of them that were to be reviewed before a day."""
    return await repository.published(
        session, principal, review_before=today, for_update=for_update
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """The values as they are stored.

    Raises:
        Invalid: a text seems to identify a person.
    """
    screening.check((f"/{name}", values.get(name)) for name in _TEXTS)
    if "topics" in values:
        values["topics"] = sorted({topic.value for topic in values["topics"]})
    return values
