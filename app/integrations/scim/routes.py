"""`/scim/v2`: the SCIM protocol (RFC 7644) for Microsoft Entra ID and other directories.

One route takes every address of the protocol, which has routing rules of its own; whoever comes in
needs a key, and every answer, that to a missing key as well, is one of the protocol's.
"""

import json
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from scim2_models import SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.errors import ProblemError
from app.core.problems import of_defect
from app.integrations.scim.handler import DirectoryHandler
from app.integrations.scim.protocol import PROTOCOL
from app.integrations.scim.storage import DirectoryStorage

PREFIX = "/scim/v2"

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class ScimRoute(ApiRoute):
    """A route whose errors are told as the protocol tells them."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # the base says Coroutine
        handle = super().get_route_handler()

        async def told_by_the_protocol(request: Request) -> Response:
            try:
                return await handle(request)
            except ProblemError as problem:
                response = _response(PROTOCOL.error_response(problem))
                response.headers.update(problem.headers)
                return response
            except SCIMException as error:
                return _response(PROTOCOL.error_response(error))
            except Exception as error:  # noqa: BLE001 - a defect: logged, and told without its trace
                of_defect(error)
                return _response(PROTOCOL.error_response(error))

        return told_by_the_protocol

    def check_parameters(self, request: Request, known: set[str]) -> None:
        """Parameters that the protocol does not know are ignored: Microsoft Entra sends flags of its own."""


router = APIRouter(route_class=ScimRoute)


@router.api_route(
    "{path:path}",
    methods=_METHODS,
    dependencies=[requires(Scope.SCIM_WRITE)],
    include_in_schema=False,
)
async def scim(path: str, request: Request, session: Session, principal: Caller) -> Response:
    """Everything of the protocol, in the transaction of the request."""
    storage = DirectoryStorage(session, principal, holds=request.method != "GET")
    asked = ScimRequest(
        method=request.method,
        base_url=f"{str(request.base_url).rstrip('/')}{PREFIX}",
        path=path,
        query=request.query_params,
        headers=request.headers.items(),
        body=await request.body(),
        subject=principal,
    )
    return _response(await DirectoryHandler(storage).handle(asked))


def _response(answer: ScimResponse) -> Response:
    headers = dict(answer.headers)
    if answer.body is None:
        headers.pop("Content-Type", None)
        return Response(status_code=answer.status, headers=headers)
    return Response(json.dumps(answer.body), status_code=answer.status, headers=headers)
