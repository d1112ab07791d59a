"""`/dashboard/sign-in`: the way in, for people."""

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from app.access.identity.code_flow import is_path_of_ours
from app.access.sessions import cookies
from app.access.sign_in import service
from app.access.sign_in.service import SignIns
from app.core.body import BodyLimit, receive_body
from app.core.errors import Forbidden, NotFound, Unauthenticated
from app.dashboard import rendering
from app.dashboard.navigation import HOME, SIGN_IN
from app.dashboard.views import frame_of, titled

router = APIRouter()

_FORM: Final = BodyLimit(8192, 8192)


def _ours(return_to: str) -> str:
    return return_to if is_path_of_ours(return_to) else HOME


def _page(request: Request, return_to: str, wrong: str | None = None) -> Response:
    state = request.app.state
    providers = [
        (name, "/auth/sign-in?" + urlencode({"provider": name, "return_to": return_to}))
        for name in state.identity.names
    ]
    context = {
        **frame_of(request, None, None),
        **titled("Sign in", ()),
        "providers": providers,
        "return_to": return_to,
        "by_key": state.settings.is_demo,
        "sign_in": SIGN_IN,
        "wrong": wrong,
    }
    if wrong is not None:
        context["window_title"] = "Error: " + str(context["window_title"])
    return rendering.page("sign_in.html", context, 200 if wrong is None else 422)


@router.get(SIGN_IN)
async def sign_in_page(
    request: Request, return_to: Annotated[str, Query(max_length=501)] = HOME
) -> Response:
    """By whom to sign in."""
    return _page(request, _ours(return_to))


@router.post(SIGN_IN)
async def sign_in_by_key(request: Request) -> Response:
    """Sign in with a key; in the demo alone."""
    state = request.app.state
    if not state.settings.is_demo:
        raise NotFound("There is nothing at this address.")
    cookies.check_same_origin(request, state.settings)
    with await receive_body(request, _FORM) as body:
        form = dict(parse_qsl(body.file().read().decode(errors="replace")))
    return_to = _ours(form.get("return_to", HOME))
    ins = SignIns(state.database, state.settings, state.identity)
    old = cookies.read(request, cookies.SESSION, state.settings)
    try:
        token = await service.sign_in_for_the_demo(ins, form.get("key", "").strip(), old)
    except (Unauthenticated, Forbidden) as refused:
        return _page(request, return_to, refused.detail)
    response = RedirectResponse(return_to, status.HTTP_303_SEE_OTHER)
    cookies.set_on(response, cookies.SESSION, token, state.settings)
    return response
