"""Pages and forms as routes: let in as the API lets in, by a session, and answered in pages."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qs

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from app.access import authentication
from app.access.authentication import Authenticated
from app.access.principals import Principal
from app.access.routing import ApiRoute, claim_of, route_of
from app.access.sessions import cookies
from app.access.sessions import service as sessions
from app.core import idempotency, problems
from app.core.body import BodyLimit, receive_body
from app.core.database import Database
from app.core.errors import Invalid, ProblemError, Unauthenticated
from app.core.settings import Settings
from app.dashboard import multipart, trouble
from app.dashboard.rendering import SECURITY_POLICY
from app.dashboard.views import Refused, view_of

MOST_FIELDS: Final = 5000
KEY_FIELD: Final = "idempotency_key"

Taker = TypeVar("Taker", bound=Callable[..., Awaitable[Response]])
Fields = Mapping[str, list[str]]

# By the function that takes a form, the function of the page on which it stands.
_PAGE_OF: dict[Callable[..., Any], Callable[..., Awaitable[HTMLResponse]]] = {}


class PageRoute(ApiRoute):
    """A page. What goes wrong on its way is a page as well."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # the base says Coroutine
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except ProblemError:
                raise
            except Exception as error:  # noqa: BLE001 - logged, and told as a page
                return trouble.of_defect(request, problems.of_defect(error))

        return answer


class RecordedPage(PageRoute):
    """A page that shows how named people behave: each read is an event of the audit log."""

    records_reads = True


class FormRoute(PageRoute):
    """Takes a form of one of our pages; what is wrong with it is shown on that page."""

    takes_files = False

    async def authenticate(self, request: Request) -> Authenticated:
        signed_in = await authentication.signed_in_by(request)
        if signed_in is None:
            raise Unauthenticated("You are not signed in.", code="credentials_missing")
        cookies.check_same_origin(request, request.app.state.settings)
        return Authenticated(signed_in.principal, signed_in)

    async def _write(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        database: Database,
        settings: Settings,
        principal: Principal,
    ) -> Response:
        most = settings.max_bulk_json_bytes if self.takes_files else settings.max_body_bytes
        with await receive_body(request, BodyLimit(most, most)) as body:
            fields = _fields(body.file().read(), request.headers.get("content-type", ""))
            expected = sessions.forgery_token(settings, request.state.signed_in.session)
            cookies.check_forgery_token(first(fields, cookies.FORGERY_FIELD), expected)
            request.state.form = fields
            key = first(fields, KEY_FIELD)
            claim = None
            if key is not None:
                idempotency.check_key(key)
                claim = claim_of(request, settings, principal, key, _digest(fields))
            try:
                return _secured(
                    await self._transact(body.as_request(request), handle, database, claim)
                )
            except ProblemError as problem:
                page = _PAGE_OF.get(self.endpoint)
                if page is None or problem.status not in _MENDABLE:
                    raise
                request.state.refused = Refused(problem, fields)
                return await _shown_again(request, database, page, problem)


def _secured(answer: Response) -> Response:
    """The answer with the policy that pages have: what is kept for a second click is kept without it."""
    if answer.headers.get("content-type", "").startswith("text/html"):
        answer.headers["Content-Security-Policy"] = SECURITY_POLICY
    return answer


class FileForm(FormRoute):
    """Takes a form with a file, as large as a JSON body of a bulk endpoint may be."""

    takes_files = True


class GatheredForm(FormRoute):
    """Takes a form whose route of the API opens its transaction itself, and keeps its answer by the key."""

    async def _transact(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        database: Database,  # noqa: ARG002 - the base's signature
        claim: idempotency.Claim | None,
    ) -> Response:
        request.state.claim, request.state.session = claim, None
        return await handle(request)


# What whoever sent a form can put right on the page that it stands on.
_MENDABLE: Final = frozenset({409, 412, 422, 428})


async def _shown_again(
    request: Request,
    database: Database,
    page: Callable[..., Awaitable[HTMLResponse]],
    problem: ProblemError,
) -> Response:
    """The page on which a form stands, with what is wrong with it."""
    async with database.transaction(read_only=not route_of(page).records_reads) as session:
        request.state.session = session
        response = await page(view_of(request), **request.path_params)
    response.status_code = problem.status
    return response


def form_on(page: Callable[..., Awaitable[HTMLResponse]]) -> Callable[[Taker], Taker]:
    """Stated on a function that takes a form: the page that shows it, and takes path parameters alone."""

    def note(endpoint: Taker) -> Taker:
        _PAGE_OF[endpoint] = page
        return endpoint

    return note


def _fields(body: bytes, content_type: str) -> dict[str, list[str]]:
    """The fields of a form by name, in the order in which they were sent.

    Raises:
        Invalid: there are too many.
    """
    if content_type.partition(";")[0].strip().lower() == multipart.MEDIA_TYPE:
        return multipart.fields_of(body, content_type, MOST_FIELDS)
    try:
        return parse_qs(
            body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise Invalid(f"A form here has at most {MOST_FIELDS} fields.") from None


def _digest(fields: Fields) -> bytes:
    """Of what a form says: with a file, browsers put other marks between its fields each time."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).digest()


def first(fields: Fields, name: str) -> str | None:
    """What stands in a field; None where it is left blank, or not there."""
    values = fields.get(name, [])
    return values[0].strip() or None if values else None


async def _form(request: Request) -> Fields:
    form: Fields = request.state.form
    return form


Form = Annotated[Fields, Depends(_form)]
