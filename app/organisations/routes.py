"""`/organisation`: the caller's own; there is no way to name another."""

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, authenticated, requires
from app.core.etags import etag_of
from app.organisations import service
from app.organisations.models import Organisation
from app.organisations.schemas import OrganisationChange, OrganisationOut

router = APIRouter(route_class=ApiRoute)


def _answer(organisation: Organisation, response: Response) -> OrganisationOut:
    response.headers["ETag"] = etag_of(organisation.organisation_id, organisation.revision)
    return OrganisationOut.model_validate(organisation)


@router.get("", dependencies=[authenticated()])
async def get_organisation(principal: Caller, response: Response) -> OrganisationOut:
    """The organisation that the key belongs to."""
    return _answer(principal.organisation, response)


@router.patch("", dependencies=[requires(Scope.ADMIN)])
async def change_organisation(
    changes: OrganisationChange,
    session: Session,
    principal: Caller,
    response: Response,
    if_match: IfMatch = None,
) -> OrganisationOut:
    """Change its name, zone, minimum group size, working hours or currency."""
    return _answer(await service.change(session, principal, changes, if_match), response)
