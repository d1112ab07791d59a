"""The one renderer of errors: RFC 9457 `application/problem+json`, never echoing what was submitted."""

from collections.abc import Callable
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.core.errors import FieldError, Invalid, ProblemError
from app.core.logging import request_id

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:pilotlight:problem:"

_log = structlog.get_logger(__name__)


class ProblemField(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="JSON pointer of the field, or `/name` of a parameter.")
    code: str
    detail: str


class Problem(BaseModel):
    """An error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = Field(description="The request, as `urn:request:` and its id.")
    code: str = Field(description="Stable; programs may rely on it.")
    errors: list[ProblemField]


def render(problem: ProblemError) -> JSONResponse:
    """The answer for a problem."""
    identity = request_id.get()
    return JSONResponse(
        {
            "type": f"{_TYPE_PREFIX}{problem.code}",
            "title": problem.title,
            "status": problem.status,
            "detail": problem.detail,
            "instance": f"urn:request:{identity}" if identity else None,
            "code": problem.code,
            "errors": [error.as_dict() for error in problem.errors],
            **problem.extra,
        },
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def pointer_of(location: tuple[int | str, ...]) -> str:
    """The JSON pointer of a validation error's location (RFC 6901)."""
    parts = location[1:] if location and location[0] in _PLACES else location
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:100] for part in parts)


_PLACES = ("body", "query", "path", "header", "cookie")

# Messages of pydantic that name the submitted value, replaced by ones that do not.
_DETAILS = {
    "extra_forbidden": "This field is not known here; see the API description for the fields there are.",
    "json_invalid": "The body is not valid JSON.",
    "uuid_parsing": "must be a UUID",
    "missing": "This field is required.",
    "float_type": "must be a number",
}
_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "float_type": "number_type",
}


def invalid_input(errors: list[dict[str, Any]]) -> Invalid:
    """The problem for pydantic's list of errors."""
    fields = [
        FieldError(
            pointer_of(tuple(error["loc"]) if error["type"] != "json_invalid" else ()),
            _CODES.get(error["type"], error["type"]),
            _DETAILS.get(error["type"], error["msg"].removeprefix("Value error, ")),
        )
        for error in errors[:100]
    ]
    named = ", ".join(dict.fromkeys(field.pointer or "the body" for field in fields))
    return Invalid(f"Not valid: {named}.", code="invalid_input", errors=fields)


def of_defect(error: Exception) -> JSONResponse:
    """The answer to an error that nobody foresaw: logged with its trace, told without it."""
    _log.error("unhandled_error", error_type=type(error).__name__, exc_info=error)
    return render(ProblemError("Something went wrong on our side; it has been logged."))


def install(
    app: FastAPI, show: Callable[[Request, ProblemError], Response | None] = lambda *_: None
) -> None:
    """Let every error that the application foresees be answered by `show`, else by `render`.

    Args:
        app: the application.
        show: a problem for people to read; None where a program asks.
    """

    def answer(request: Request, problem: ProblemError) -> Response:
        return show(request, problem) or render(problem)

    @app.exception_handler(ProblemError)
    async def on_problem(request: Request, error: ProblemError) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        return answer(request, invalid_input(list(error.errors())))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        problem = _of_http(error)
        if error.status_code == 405:
            problem.headers["Allow"] = _methods_at(request)
        return answer(request, problem)


def _methods_at(request: Request) -> str:
    """Every method of this address; the framework names those of the first route there alone."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path_regex.match(path):
            methods |= route.methods or set()
    return ", ".join(sorted(methods))


class _HttpProblem(ProblemError):
    """An error raised by the framework itself (no such path, wrong method)."""

    def __init__(self, status: int, title: str, code: str, detail: str) -> None:
        super().__init__(detail, code=code)
        self.status = status  # type: ignore[misc]  # the one class whose status is not its own
        self.title = title  # type: ignore[misc]  # likewise


def _of_http(error: HTTPException) -> ProblemError:
    known = {
        404: ("Not found", "not_found", "There is nothing at this address."),
        405: (
            "Method not allowed",
            "method_not_allowed",
            "This address does not take that method.",
        ),
        400: ("Bad request", "bad_request", "The request could not be read."),
    }
    title, code, detail = known.get(
        error.status_code, ("Error", f"http_{error.status_code}", "The request was refused.")
    )
    problem = _HttpProblem(error.status_code, title, code, detail)
    problem.headers = dict(error.headers or {})
    return problem
