"""`/policies`: what the organisation has laid down about AI, version by version."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.assurance.governance.policies import service
from app.assurance.governance.policies.models import Policy, PolicyStatus
from app.assurance.governance.policies.schemas import PolicyChange, PolicyIn, PolicyOut
from app.core.etags import etag_of
from app.core.fields import Code
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)


def _answer(policy: Policy, response: Response) -> PolicyOut:
    response.headers["ETag"] = etag_of(policy.id, policy.revision)
    return PolicyOut.model_validate(policy)


@router.post(
    "", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.GOVERNANCE_WRITE)]
)
async def create_policy(
    wanted: PolicyIn, response: Response, session: Session, principal: Caller
) -> PolicyOut:
    """Record a policy as a draft; where the code is known, its next version."""
    policy = await service.create(session, principal, wanted)
    response.headers["Location"] = f"/api/v1/policies/{policy.id}"
    return _answer(policy, response)


@router.get("", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_policies(
    session: Session,
    principal: Caller,
    page: PageRequest,
    code: Annotated[Code | None, Query()] = None,
    status: PolicyStatus | None = None,
) -> Page[PolicyOut]:
    """Versions of policies."""
    rows, cursor = await service.page(session, principal, page, code, status)
    return Page(items=[PolicyOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/{policy_id}", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_policy(
    policy_id: UUID, response: Response, session: Session, principal: Caller
) -> PolicyOut:
    """One version of a policy."""
    return _answer(await service.get(session, principal, policy_id), response)


@router.patch("/{policy_id}", dependencies=[requires(Scope.GOVERNANCE_WRITE)])
async def change_policy(
    policy_id: UUID,
    changes: PolicyChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> PolicyOut:
    """Change a version while it is on its way, or take it a step on. Send `If-Match`."""
    return _answer(await service.change(session, principal, policy_id, changes, if_match), response)
