"""What a page is made with: who looks at it, the API's answers, and the frame around them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Annotated, Any, TypeVar
from uuid import uuid4

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access import service as access
from app.access.permissions import Role
from app.access.principals import Principal
from app.access.routing import route_of
from app.access.sessions import service as sessions
from app.access.sessions.service import SignedIn
from app.core import problems
from app.core.errors import Invalid, ProblemError
from app.dashboard import answers, rendering
from app.dashboard.navigation import HOME, NAVIGATION

Handler = Callable[..., Any]
Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was not taken: the problem, and what stood in it, to be mended."""

    problem: ProblemError
    form: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step on the way to a page."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class View:
    """A request for a page."""

    request: Request
    session: AsyncSession
    principal: Principal
    signed_in: SignedIn | None
    refused: Refused | None = None

    def may(self, handler: Handler) -> bool:
        """Whether the API would let this reader ask `handler`."""
        return may(self.principal, handler)

    def require(self, handler: Handler) -> None:
        """Let nobody further who may not ask `handler`: for a page that is a form for it.

        Raises:
            Forbidden: the reader lacks a scope of that route.
        """
        access.authorise(self.principal, *route_of(handler).access.scopes)

    async def answer(self, handler: Handler, **asked: Any) -> Any:
        """What the API answers to this reader, as it sends it, in JSON.

        Args:
            handler: the function of the API's route, `get_scorecard`.
            asked: what it takes beside session, principal and response.

        Raises:
            Forbidden: the reader lacks a scope of that route.
            ProblemError: as the API would answer.
        """
        answer, _ = await self.answer_to_change(handler, **asked)
        return answer

    async def answer_to_change(self, handler: Handler, **asked: Any) -> tuple[Any, str]:
        """The same, with the ETag that a form carries to its change; blank where the API sends none."""
        route = route_of(handler)
        access.authorise(self.principal, *route.access.scopes)
        response = Response()
        given = {
            "request": self.request,
            "session": self.session,
            "principal": self.principal,
            "response": response,
        }
        takes = signature(handler).parameters

        async def ask() -> Any:
            found = await handler(**{name: given[name] for name in given if name in takes}, **asked)
            return as_sent(found)

        if handler in answers.KEPT:
            return await answers.kept(self.session, self.principal, handler, asked, ask), ""
        return await ask(), response.headers.get("ETag", "")

    async def answer_if_allowed(self, handler: Handler, **asked: Any) -> Any:
        """The same; None where the reader lacks a scope for it."""
        return await self.answer(handler, **asked) if self.may(handler) else None

    def page(
        self,
        template: str,
        title: str,
        *,
        trail: Sequence[Crumb] = (),
        status: int = 200,
        **context: Any,
    ) -> HTMLResponse:
        """A page within the frame that all have.

        Args:
            template: its file.
            title: its heading; the window is called after it and the trail.
            trail: the pages above it, without the home page.
            status: of the answer.
            context: what the template shows.
        """
        frame = {
            **frame_of(self.request, self.principal, self.signed_in),
            **titled(title, trail, self.refused),
        }
        return rendering.page(template, {**frame, **context}, status)

    def keep_instead(self, said: str, onward: str) -> None:
        """What a second click on a form is shown where the first is shown a page.

        That page tells of people, and holds the token of the session: it is not kept.
        """
        frame = {**frame_of(self.request, None, None), **titled("Done already", ())}
        page = rendering.page("done_before.html", {**frame, "said": said, "onward": onward})
        self.request.state.replay_body = bytes(page.body)

    @property
    def here(self) -> str:
        """The address of this page."""
        return address_of(self.request)


def wanted(model: type[Body], fields: Mapping[str, Any]) -> Body:
    """The body of a request to the API, made from the fields of a form.

    Raises:
        Invalid: as the API would answer; of a list of alike items each error is about the field of all.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problem = problems.invalid_input([dict(each) for each in error.errors()])
        alike = {
            (pointer := _OF_ITEMS.sub("", each.pointer)): replace(each, pointer=pointer)
            for each in problem.errors
        }
        raise Invalid(problem.detail, code=problem.code, errors=list(alike.values())) from None


_OF_ITEMS = re.compile(r"^/items/\d+(?=/)")


def as_sent(found: Any) -> Any:
    """What a handler of the API returns, in the JSON that is sent."""
    if isinstance(found, BaseModel):
        return found.model_dump(mode="json", by_alias=True)
    if isinstance(found, Response):
        return json.loads(bytes(found.body))
    return found


def address_of(request: Request) -> str:
    """Path and query of a request."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def may(principal: Principal, handler: Handler) -> bool:
    """Whether the API would let somebody ask `handler`."""
    return principal.may(*route_of(handler).access.scopes)


def titled(title: str, trail: Sequence[Crumb], refused: Refused | None = None) -> dict[str, Any]:
    """How a page is called: by itself, then by where it is; and what of its form was not taken."""
    parts = [title, *(crumb.title for crumb in reversed(trail)), "Pilotlight"]
    return {
        "title": title,
        "window_title": ("Error: " if refused else "") + " – ".join(parts),
        "trail": trail,
        "refused": refused,
    }


def frame_of(
    request: Request, principal: Principal | None, signed_in: SignedIn | None
) -> dict[str, Any]:
    """What the layout shows of the reader; nothing where nobody is signed in."""
    organisation = principal.organisation if principal else None
    session = signed_in.session if signed_in else None
    settings = request.app.state.settings
    return {
        "home": HOME,
        "here": address_of(request),
        "organisation": organisation.name if organisation else None,
        "zone": organisation.zone if organisation else None,
        "simulated": organisation.is_simulated if organisation else False,
        "navigation": [e for e in NAVIGATION if may(principal, e.needs)] if principal else [],
        "reader": signed_in.account.name if signed_in else None,
        "role": principal.role if principal else None,
        "roles": [Role(role) for role in session.roles] if session else [],
        "csrf_token": sessions.forgery_token(settings, session) if session else None,
        "new_key": lambda: uuid4().hex,
        "script": None,
    }


def view_of(request: Request) -> View:
    """The view of a request that has been let in."""
    state = request.state
    refused: Refused | None = getattr(state, "refused", None)
    return View(request, state.session, state.principal, state.signed_in, refused)


async def _view(request: Request) -> View:
    return view_of(request)


Looking = Annotated[View, Depends(_view)]
