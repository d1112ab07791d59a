"""`/dashboard/governance/policies`: one policy, its next version, its steps; and the gates before a start."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.assurance.governance.gates.models import Gate
from app.assurance.governance.gates.routes import get_gates, put_gates
from app.assurance.governance.gates.schemas import GatesIn
from app.assurance.governance.policies.models import PolicyStatus, Topic
from app.assurance.governance.policies.routes import (
    change_policy,
    create_policy,
    get_policy,
    list_policies,
)
from app.assurance.governance.policies.schemas import PolicyChange, PolicyIn
from app.core.pagination import PageQuery
from app.dashboard import given, pointers
from app.dashboard.navigation import GOVERNANCE
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking, View, wanted
from app.dashboard.wording import words

POLICIES: Final = f"{GOVERNANCE}/policies"
GATES: Final = f"{GOVERNANCE}/gates"
_ONE: Final = POLICIES + "/{policy_id:uuid}"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_MOST: Final = PageQuery(limit=200)
_UP: Final = [Crumb("Governance", GOVERNANCE)]
_TEXTS: Final = ("title", "owner", "document_ref", "review_on")
_CLEARED: Final = ("document_ref", "review_on")
_TOPICS: Final = [(topic.value, words(topic)) for topic in Topic]
# What an approved version says is not changed any more, but by the next version.
_SETTLED: Final = (PolicyStatus.APPROVED, PolicyStatus.PUBLISHED)


@router.get(f"{POLICIES}/new", dependencies=[authenticated()])
async def new_policy_page(view: Looking) -> HTMLResponse:
    """The form that records a policy."""
    view.require(create_policy)
    return view.page(
        "policies/new.html",
        "Add a policy",
        trail=_UP,
        here=f"{POLICIES}/new",
        policy=None,
        topics=_TOPICS,
    )


@form_router.post(f"{POLICIES}/new", dependencies=[authenticated()])
@form_on(new_policy_page)
async def add_policy(view: Looking, form: Form) -> Response:
    """A policy as a draft, and on to it."""
    return await _created(view, form, given.texts(form, ("code",)))


@router.get(_ONE, dependencies=[authenticated()])
async def policy_page(view: Looking, policy_id: UUID) -> HTMLResponse:
    """A version of a policy, the others, and the forms that change it and take it on."""
    policy, etag = await view.answer_to_change(get_policy, policy_id=policy_id)
    versions = await view.answer(list_policies, page=_MOST, code=policy["code"], status=None)
    has_ended = policy["status"] == PolicyStatus.WITHDRAWN
    may_change = view.may(change_policy)
    return view.page(
        "policies/policy.html",
        f"{policy['title']}, version {policy['version']}",
        trail=_UP,
        here=f"{POLICIES}/{policy_id}",
        policy=policy,
        etag=etag,
        policies=POLICIES,
        versions=versions["items"],
        topics=_TOPICS,
        is_settled=policy["status"] in _SETTLED,
        may_change=may_change and not has_ended,
        may_add=view.may(create_policy),
        steps=[each for each in PolicyStatus if each != policy["status"]],
    )


@form_router.post(_ONE, dependencies=[authenticated()])
@form_on(policy_page)
async def change(view: Looking, policy_id: UUID, form: Form) -> Response:
    """What a version says, or when it is looked at again."""
    said: dict[str, Any] = dict(given.stated(form, _TEXTS, _CLEARED))
    if "topics" in form:
        said["topics"] = given.several(form, "topics")
    return await _changed(view, policy_id, form, said)


@form_router.post(f"{_ONE}/steps", dependencies=[authenticated()])
@form_on(policy_page)
async def take_step(view: Looking, policy_id: UUID, form: Form) -> Response:
    """One step on in a policy's life."""
    said = given.stated(form, ("status",))
    return await _changed(view, policy_id, form, said)


async def _changed(view: View, policy_id: UUID, form: Form, said: dict[str, Any]) -> Response:
    with pointers.leading(pointers.to_field("topics")):
        await view.answer(
            change_policy,
            policy_id=policy_id,
            changes=wanted(PolicyChange, said),
            if_match=first(form, "etag"),
        )
    return _on_to(f"{POLICIES}/{policy_id}")


@router.get(f"{_ONE}/next", dependencies=[authenticated()])
async def next_version_page(view: Looking, policy_id: UUID) -> HTMLResponse:
    """The form that makes the next version of a policy, filled in from this one."""
    view.require(create_policy)
    policy = await view.answer(get_policy, policy_id=policy_id)
    named = f"{policy['title']}, version {policy['version']}"
    return view.page(
        "policies/new.html",
        f"The next version of {policy['code']}",
        trail=[*_UP, Crumb(named, f"{POLICIES}/{policy_id}")],
        here=f"{POLICIES}/{policy_id}/next",
        policy=policy,
        topics=_TOPICS,
    )


@form_router.post(f"{_ONE}/next", dependencies=[authenticated()])
@form_on(next_version_page)
async def add_version(view: Looking, policy_id: UUID, form: Form) -> Response:
    """The next version as a draft, and on to it."""
    policy = await view.answer(get_policy, policy_id=policy_id)
    return await _created(view, form, {"code": policy["code"]})


async def _created(view: View, form: Form, said: dict[str, Any]) -> Response:
    fields = {**said, **given.texts(form, _TEXTS), "topics": given.several(form, "topics")}
    with pointers.leading(pointers.to_field("topics")):
        made = await view.answer(create_policy, wanted=wanted(PolicyIn, fields))
    return _on_to(f"{POLICIES}/{made['policy_id']}")


@router.get(GATES, dependencies=[authenticated()])
async def gates_page(view: Looking) -> HTMLResponse:
    """The form that says what must be in order before a pilot starts."""
    view.require(put_gates)
    found, etag = await view.answer_to_change(get_gates)
    return view.page(
        "policies/gates.html",
        "Before a pilot may start",
        trail=_UP,
        here=GATES,
        etag=etag,
        ticked=found["gates"],
        gates=[(gate.value, words(gate)) for gate in Gate],
    )


@form_router.post(GATES, dependencies=[authenticated()])
@form_on(gates_page)
async def set_gates(view: Looking, form: Form) -> Response:
    """These and no others."""
    with pointers.leading(pointers.to_field("gates")):
        said = wanted(GatesIn, {"gates": given.several(form, "gates")})
        await view.answer(put_gates, wanted=said, if_match=first(form, "etag"))
    return _on_to(GOVERNANCE)


def _on_to(address: str) -> Response:
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)
