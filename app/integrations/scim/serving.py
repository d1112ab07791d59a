"""One request of the protocol served, and one refused: between ours and the library's."""

import json

from fastapi import Request, Response
from scim2_models import SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.errors import ProblemError
from app.core.problems import of_defect
from app.integrations.scim.handler import DirectoryHandler
from app.integrations.scim.protocol import PROTOCOL
from app.integrations.scim.storage import DirectoryStorage


async def serve(
    request: Request, root: str, path: str, session: AsyncSession, principal: Principal
) -> Response:
    """Answer a request below the root, in the transaction.

    Raises:
        SCIMException: the library refuses it.
        ProblemError: a service of ours does.
    """
    storage = DirectoryStorage(session, principal, holds=request.method != "GET")
    asked = ScimRequest(
        method=request.method,
        base_url=f"{str(request.base_url).rstrip('/')}{root}",
        path=path,
        query=request.query_params,
        headers=request.headers.items(),
        body=await request.body(),
        subject=principal,
    )
    return _response(await DirectoryHandler(storage).handle(asked))


def refuse(error: Exception) -> Response:
    """The protocol's answer to an error; one that nobody foresaw is logged, and told without its trace."""
    if not isinstance(error, ProblemError | SCIMException):
        of_defect(error)
    response = _response(PROTOCOL.error_response(error))
    if isinstance(error, ProblemError):
        response.headers.update(error.headers)
    return response


def _response(answer: ScimResponse) -> Response:
    headers = dict(answer.headers)
    if answer.body is None:
        headers.pop("Content-Type", None)
        return Response(status_code=answer.status, headers=headers)
    return Response(json.dumps(answer.body), status_code=answer.status, headers=headers)
