"""`/auth`: pages that a browser passes on its way in and out; they answer with where to go next."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from app.access import authentication
from app.access.identity import code_flow
from app.access.permissions import Role
from app.access.sessions import cookies
from app.access.sessions import service as sessions
from app.access.sessions.service import SignedIn
from app.access.sign_in import service
from app.access.sign_in.service import SignIns
from app.core.body import BodyLimit, receive_body
from app.core.errors import Invalid, Unauthenticated

router = APIRouter(prefix="/auth", include_in_schema=False)

_FORM = BodyLimit(8192, 8192)
_MOST_FIELDS = 10


def _sign_ins(request: Request) -> SignIns:
    state = request.app.state
    return SignIns(state.database, state.settings, state.identity)


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)


def _checked(return_to: str) -> str:
    if not code_flow.is_path_of_ours(return_to):
        raise Invalid.field(
            "/return_to", "not_a_path", "return_to must be a path of this service, as /pilots"
        )
    return return_to


@router.get("/sign-in")
async def sign_in(
    request: Request,
    provider: Annotated[str | None, Query(max_length=32)] = None,
    return_to: Annotated[str, Query(max_length=501)] = "/",
) -> Response:
    """Go to the identity provider."""
    ins = _sign_ins(request)
    address, sealed = await service.begin(ins, provider, _checked(return_to))
    response = _to(address)
    seconds = int(code_flow.LIFETIME.total_seconds())
    cookies.set_on(response, cookies.ATTEMPT, sealed, ins.settings, seconds=seconds)
    return response


@router.get(code_flow.CALLBACK.removeprefix("/auth"))
async def callback(request: Request) -> Response:
    """Come back from it."""
    ins = _sign_ins(request)
    opened = await service.finish(
        ins,
        cookies.read(request, cookies.ATTEMPT, ins.settings),
        request.query_params,
        cookies.read(request, cookies.SESSION, ins.settings),
    )
    response = _to(opened.return_to)
    cookies.forget_on(response, cookies.ATTEMPT, ins.settings)
    cookies.set_on(response, cookies.SESSION, opened.token, ins.settings)
    return response


async def _form(request: Request) -> dict[str, str]:
    with await receive_body(request, _FORM) as body:
        text = body.file().read().decode(errors="replace")
    try:
        return dict(parse_qsl(text, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Invalid(f"A form here has at most {_MOST_FIELDS} fields.") from None


async def _meant(request: Request) -> tuple[SignedIn, dict[str, str]]:
    """Who sends a form of ours, and what stands in it."""
    signed_in = await authentication.signed_in_by(request)
    if signed_in is None:
        raise Unauthenticated("You are not signed in.", code="credentials_missing")
    form = await _form(request)
    given = request.headers.get(cookies.FORGERY_HEADER) or form.get(cookies.FORGERY_FIELD)
    authentication.check_meant(request, signed_in, given)
    return signed_in, form


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End this session; with `everywhere=true` all of one's own."""
    signed_in, form = await _meant(request)
    ins = _sign_ins(request)
    async with ins.database.transaction() as session:
        if form.get("everywhere") == "true":
            await sessions.sign_out_of_all(session, signed_in.principal, signed_in.account)
        else:
            await sessions.sign_out(session, signed_in)
    response = _to("/")
    cookies.forget_on(response, cookies.SESSION, ins.settings)
    return response


@router.post("/role")
async def act_as(request: Request) -> Response:
    """Act in another of one's roles, which changes the session's token."""
    signed_in, form = await _meant(request)
    ins = _sign_ins(request)
    role, return_to = form.get("role"), _checked(form.get("return_to", "/"))
    if role not in set(Role):
        raise Invalid.field("/role", "unknown_role", f"role must be one of {', '.join(Role)}")
    async with ins.database.transaction() as session:
        organisation = signed_in.principal.organisation
        token = await sessions.act_as(session, signed_in, Role(role), organisation)
    response = _to(return_to)
    cookies.set_on(response, cookies.SESSION, token, ins.settings)
    return response


@router.post("/demo-sign-in")
async def demo_sign_in(request: Request) -> Response:
    """Sign in with a key; in the demo alone."""
    ins = _sign_ins(request)
    if ins.settings.is_demo:
        cookies.check_same_origin(request, ins.settings)
    form = await _form(request)
    return_to = _checked(form.get("return_to", "/"))
    old = cookies.read(request, cookies.SESSION, ins.settings)
    token = await service.sign_in_for_the_demo(ins, form.get("key", ""), old)
    response = _to(return_to)
    cookies.set_on(response, cookies.SESSION, token, ins.settings)
    return response
