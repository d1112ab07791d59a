"""Problems as pages: what the API would answer, in a page, or the way to the sign-in."""

import json
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response, status
from fastapi.responses import JSONResponse, RedirectResponse

from app.access.identity.code_flow import is_path_of_ours
from app.access.sessions import cookies
from app.core import problems
from app.core.errors import ProblemError, Unauthenticated
from app.dashboard import rendering
from app.dashboard.navigation import HOME, SIGN_IN
from app.dashboard.views import address_of, frame_of, titled

_HEADINGS = {
    403: "You may not see this page",
    404: "Page not found",
    503: "Busy just now",
}


def shown(request: Request, problem: ProblemError) -> Response | None:
    """A problem as a page; None where a program asks, which is told in JSON."""
    path = request.url.path
    ours = path == HOME or path.startswith(HOME + "/")
    if not ours and not (path.startswith("/auth/") and is_read_by_people(request)):
        return None
    if ours and isinstance(problem, Unauthenticated):
        return to_sign_in(request)
    return _page(request, problems.render(problem))


def is_read_by_people(request: Request) -> bool:
    """Whether it is a browser that asks, for somebody to read the answer."""
    return "text/html" in request.headers.get("accept", "")


def to_sign_in(request: Request) -> Response:
    """To the sign-in, and from there back to the page that was asked for."""
    wanted = address_of(request)
    back = wanted if request.method == "GET" and is_path_of_ours(wanted) else HOME
    response = RedirectResponse(
        f"{SIGN_IN}?{urlencode({'return_to': back})}", status.HTTP_303_SEE_OTHER
    )
    settings = request.app.state.settings
    if cookies.read(request, cookies.SESSION, settings) is not None:
        cookies.forget_on(response, cookies.SESSION, settings)
    return response


def of_defect(request: Request, answer: JSONResponse) -> Response:
    """An error that nobody foresaw, as the API tells it."""
    return _page(request, answer)


def _page(request: Request, answer: JSONResponse) -> Response:
    problem: dict[str, Any] = json.loads(bytes(answer.body))
    title = _HEADINGS.get(answer.status_code, problem["title"])
    state = request.state
    frame = frame_of(request, getattr(state, "principal", None), getattr(state, "signed_in", None))
    context = {**frame, **titled(title, ()), "problem": problem}
    page = rendering.page("problem.html", context, answer.status_code)
    for name in ("retry-after", "allow"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page
