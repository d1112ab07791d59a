"""`/scim/v2`: the SCIM protocol (RFC 7644) for Microsoft Entra ID and other directories.

One route takes every address of the protocol, which has routing rules of its own; whoever comes in
needs a key, and every answer, that to a missing key as well, is one of the protocol's.
"""

from collections.abc import Awaitable, Callable
from types import ModuleType

from fastapi import APIRouter, Request, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires

PREFIX = "/scim/v2"

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def _serving() -> ModuleType:
    # The library makes its models while it is imported, for as long as everything else of ours takes to
    # start: whoever never speaks the protocol, as every command, does not wait for it.
    from app.integrations.scim import serving  # noqa: PLC0415 - see above

    return serving


class ScimRoute(ApiRoute):
    """A route whose errors are told as the protocol tells them."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # the base says Coroutine
        handle = super().get_route_handler()

        async def told_by_the_protocol(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the protocol has one shape for it
                refusal: Response = _serving().refuse(error)
                return refusal

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
    answer: Response = await _serving().serve(request, PREFIX, path, session, principal)
    return answer
