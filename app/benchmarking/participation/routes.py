"""`/benchmark-participation`: whether the organisation is compared with others."""

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.benchmarking.participation import service
from app.benchmarking.participation.schemas import (
    ParticipationIn,
    ParticipationOut,
    participation_out,
)

router = APIRouter(route_class=ApiRoute)


@router.get("", dependencies=[requires(Scope.BENCHMARK_READ)])
async def get_benchmark_participation(
    response: Response, session: Session, principal: Caller
) -> ParticipationOut:
    """Whether the organisation takes part, and with whom it is compared."""
    found = await service.get(session, principal)
    response.headers["ETag"] = service.etag(principal, found)
    return participation_out(found)


@router.put("", dependencies=[requires(Scope.BENCHMARK_WRITE)])
async def choose_benchmark_participation(
    wanted: ParticipationIn,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> ParticipationOut:
    """Take part, or take part no longer: releases made before stay as they are."""
    found = await service.choose(session, principal, wanted, if_match)
    response.headers["ETag"] = service.etag(principal, found)
    return participation_out(found)
