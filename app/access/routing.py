"""The one way in: authenticate, authorise, receive the body, then one transaction around the handler.

The commit happens after the answer is made and before it is sent, so a client never sees a success that
was not written; the answer to an Idempotency-Key is stored in the same transaction.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response, Security, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access import authentication, service
from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import idempotency
from app.core.body import BodyLimit, media_type_of, receive_body
from app.core.database import Database
from app.core.errors import FieldError, Invalid
from app.core.settings import Settings

# Documents the scheme; the check itself is the route's, before anything is read.
_BEARER = HTTPBearer(
    auto_error=False,
    description="An API key, `Bearer plk_…`, or an access token of your identity provider.",
)


def requires(*scopes: Scope) -> params.Security:
    """Stated on a route: only principals with every one of these scopes."""
    return Security(_BEARER, scopes=list(scopes))  # type: ignore[no-any-return]  # typed as Any


def authenticated() -> params.Security:
    """Stated on a route: every principal of an organisation, about that organisation."""
    return Security(_BEARER, scopes=[])  # type: ignore[no-any-return]  # typed as Any


async def _session(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Session = Annotated[AsyncSession, Depends(_session)]
# For routes that open their transactions themselves.
Store = Annotated[Database, Depends(_database)]
Caller = Annotated[Principal, Depends(_principal)]
IfMatch = Annotated[
    str | None, Header(max_length=1000, description="The ETag of your last GET of this resource.")
]


async def _idempotency_key(
    _key: Annotated[
        str | None,
        Header(
            alias=idempotency.HEADER,
            pattern=idempotency.KEY_PATTERN,
            description="The same key and request again get the first answer, and write nothing.",
        ),
    ] = None,
) -> None:
    """Documents the header; it is read before the body is."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a route demands: all of these scopes; none for anybody with a key."""

    scopes: tuple[Scope, ...]


def access_of(dependencies: list[params.Depends]) -> Access | None:
    """The access that a route states, None where it states none."""
    stated = [d for d in dependencies if isinstance(d, params.Security) and d.dependency is _BEARER]
    if len(stated) != 1:
        return None
    return Access(tuple(Scope(scope) for scope in stated[0].scopes or ()))


# Every route by what it carries out: whoever asks that otherwise is held against the same access.
_ROUTES: dict[Callable[..., Any], "ApiRoute"] = {}


def route_of(endpoint: Callable[..., Any]) -> "ApiRoute":
    """The route that carries out `endpoint`.

    Raises:
        LookupError: it is no route's.
    """
    return _ROUTES[endpoint]


class ApiRoute(APIRoute):
    """A route of the API. One that does not state its access cannot be defined."""

    bulk = False
    records_reads = False

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        if "POST" in (kwargs.get("methods") or ()):
            stated = kwargs.get("dependencies") or ()
            kwargs["dependencies"] = [*stated, Depends(_idempotency_key)]
        super().__init__(path, endpoint, **kwargs)
        access = access_of(self.dependencies)
        if access is None:
            raise TypeError(f"{endpoint.__qualname__} does not state its access: see requires()")
        self.access = access
        _ROUTES[endpoint] = self

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # the base says Coroutine
        handle = super().get_route_handler()
        known = set(_query_parameters(self.dependant))

        async def in_transaction(request: Request) -> Response:
            database: Database = request.app.state.database
            settings: Settings = request.app.state.settings
            sender = await self.authenticate(request)
            principal, request.state.signed_in = sender.principal, sender.signed_in
            request.state.simulated = principal.organisation.is_simulated
            service.authorise(principal, *self.access.scopes)
            self.check_parameters(request, known)
            request.state.principal = principal
            if request.method in authentication.SAFE_METHODS:
                async with database.transaction(read_only=not self.records_reads) as session:
                    request.state.session = session
                    response = await handle(request)
            else:
                response = await self._write(request, handle, database, settings, principal)
            return response

        return in_transaction

    async def authenticate(self, request: Request) -> authentication.Authenticated:
        """Who sends a request.

        Raises:
            Unauthenticated: nobody who is known here.
            Forbidden: a change that somebody else's page has a browser send.
        """
        return await authentication.authenticate(request)

    def check_parameters(self, request: Request, known: set[str]) -> None:
        """Hold the names of a request's query parameters against those that the route takes.

        Raises:
            Invalid: one is not known.
        """
        _check_parameters(request, known)

    async def _write(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        database: Database,
        settings: Settings,
        principal: Principal,
    ) -> Response:
        key = request.headers.get(idempotency.HEADER) if request.method == "POST" else None
        if key is not None:
            idempotency.check_key(key)
        with await receive_body(request, self._limit(settings)) as body:
            request.state.body = body
            claim = claim_of(request, settings, principal, key, body.digest) if key else None
            return await self._transact(body.as_request(request), handle, database, claim)

    async def _transact(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        database: Database,
        claim: idempotency.Claim | None,
    ) -> Response:
        """One transaction around the handler, its answer and the stored copy of that."""
        async with database.transaction() as session:
            request.state.session = session
            if claim is None:
                return await handle(request)
            stored = await idempotency.take(session, claim)
            if stored is not None:
                return stored
            response = await handle(request)
            shown = getattr(request.state, "replay_body", None)
            await idempotency.keep(
                session, claim, response, bytes(response.body) if shown is None else shown
            )
            return response

    def _limit(self, settings: Settings) -> BodyLimit:
        if self.bulk:
            return BodyLimit(
                settings.max_bulk_json_bytes, settings.max_bulk_bytes, gzip_allowed=True
            )
        return BodyLimit(settings.max_body_bytes, settings.max_body_bytes)


class RecordedRoute(ApiRoute):
    """A route of which each read is an event of the audit log: it tells how named people behave."""

    records_reads = True


class GatheredRoute(ApiRoute):
    """A route whose handler hands its request to a `Gathering`, which opens the transaction."""

    async def _transact(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        database: Database,  # noqa: ARG002 - the base's signature
        claim: idempotency.Claim | None,
    ) -> Response:
        request.state.claim = claim
        return await handle(request)


class OutwardRoute(ApiRoute):
    """A route whose handler asks another system: it opens its transactions itself, none while it waits.

    What it writes may be written twice: of two at once with one key both ask, and both get the answer that
    is kept first.
    """

    async def _transact(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        database: Database,
        claim: idempotency.Claim | None,
    ) -> Response:
        if claim is None:
            return await handle(request)
        async with database.transaction() as session:
            stored = await idempotency.take(session, claim)
            await session.rollback()
        if stored is not None:
            return stored
        response = await handle(request)
        async with database.transaction() as session:
            first = await idempotency.take(session, claim)
            if first is not None:
                return first
            await idempotency.keep(session, claim, response, bytes(response.body))
            return response


class BulkRoute(ApiRoute):
    """A route that takes many rows: its body may be large, and gzipped."""

    bulk = True


def claim_of(
    request: Request, settings: Settings, principal: Principal, key: str, digest: bytes
) -> idempotency.Claim:
    """A request's claim to be carried out once, by its key and the digest of its body."""
    return idempotency.Claim(
        organisation_id=principal.organisation_id,
        principal_id=principal.id,
        key=key,
        fingerprint=_fingerprint(request, settings, digest),
        lifetime=timedelta(hours=settings.idempotency_hours),
    )


def _fingerprint(request: Request, settings: Settings, digest: bytes) -> bytes:
    return idempotency.fingerprint_of(
        settings.secret_key.get_secret_value(),
        request.method.encode(),
        request.url.path.encode(),
        request.url.query.encode(),
        media_type_of(request).encode(),
        digest,
    )


def _query_parameters(dependant: Dependant) -> Iterator[str]:
    """Names of the query parameters that a route takes, by itself or through what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def _check_parameters(request: Request, known: set[str]) -> None:
    # A misspelt filter that is silently left out would answer another question than was asked.
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        detail = "This parameter is not known here. Known: " + (", ".join(sorted(known)) or "none")
        raise Invalid(
            detail,
            code="unknown_parameter",
            errors=[
                FieldError("/" + name[:100], "unknown_parameter", detail) for name in unknown[:20]
            ],
        )
