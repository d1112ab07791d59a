"""The simulated council's papers: a policy in force, gates, and what each pilot has in its register."""

from datetime import date, timedelta
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.gates import service as gates
from app.assurance.governance.gates.models import Gate
from app.assurance.governance.gates.schemas import GateOverrideIn, GatesIn
from app.assurance.governance.policies import service as policies
from app.assurance.governance.policies.models import PolicyStatus, Topic
from app.assurance.governance.policies.schemas import PolicyChange, PolicyIn
from app.assurance.governance.register import service as register
from app.assurance.governance.register.models import ItemStatus
from app.assurance.governance.register.schemas import RegisterItemChange, RegisterItemIn
from app.core.pagination import PageQuery
from app.pilots.models import Pilot, PilotKind

_GATES: Final = (
    Gate.LAWFUL_BASIS,
    Gate.DPIA,
    Gate.EQUALITY_IMPACT,
    Gate.HUMAN_IN_THE_LOOP,
    Gate.EXIT_PLAN,
)
# By kind: the title, how many days it took, and what it holds.
_PAPERS: Final[dict[str, tuple[str, int, dict[str, Any]]]] = {
    "lawful_basis": (
        "Lawful basis (simulated)",
        6,
        {"basis": "public_task", "data_categories": ["Work correspondence", "Case records"]},
    ),
    "dpia": ("DPIA (simulated)", 38, {"residual_risk": "medium"}),
    "equality_impact": ("Equality impact (simulated)", 21, {"outcome": "adjust"}),
    "human_in_the_loop": (
        "Who checks what it writes (simulated)",
        9,
        {
            "rule": "Every text is read and corrected before it is filed or sent.",
            "checked_by": "The member of staff whose name stands under it",
        },
    ),
    "exit_plan": (
        "Exit plan (simulated)",
        14,
        {"plan": "Seats are not renewed; texts stay in our own systems.", "notice_days": 30},
    ),
}
_OWNER: Final = "Head of information governance"
_APPROVER: Final = "Senior information risk owner"


async def _of_organisation(session: AsyncSession, principal: Principal) -> None:
    """A policy in force, and the gates; once."""
    found, _ = await policies.page(session, principal, PageQuery(limit=1), None, None)
    if found:
        return
    await gates.put(session, principal, GatesIn(gates=list(_GATES)), None)
    wanted = PolicyIn(
        code="AI-USE",
        title="Use of generative AI (simulated)",
        owner=_OWNER,
        topics=[Topic.PURPOSE, Topic.USE, Topic.GOVERNANCE, Topic.ACCURACY, Topic.CONFIDENTIALITY],
        review_on=date(2099, 1, 1),
    )
    policy = await policies.create(session, principal, wanted)
    for status in (PolicyStatus.CONSULTED, PolicyStatus.APPROVED, PolicyStatus.PUBLISHED):
        step = PolicyChange(status=status)
        await policies.change(session, principal, policy.id, step, "*")


async def load(session: AsyncSession, principal: Principal, pilot: Pilot) -> None:
    """What a pilot needs before its start; the office trial began before its exit plan was there."""
    await _of_organisation(session, principal)
    begun = pilot.starts_on - timedelta(days=60)
    for kind, (title, days, content) in _PAPERS.items():
        if pilot.kind is PilotKind.COPILOT_LICENCES and kind == Gate.EXIT_PLAN:
            continue
        wanted = RegisterItemIn.model_validate(
            {"title": title, "owner": _OWNER, "content": {"kind": kind, **content}}
            | {"opened_on": begun}
        )
        item = await register.create(session, principal, pilot.id, wanted)
        approved = RegisterItemChange(
            status=ItemStatus.APPROVED, approved_on=begun + timedelta(days=days), approver=_APPROVER
        )
        await register.change(session, principal, pilot.id, item.id, approved, "*")
    found = await gates.of_pilot(session, principal, pilot.id)
    if not found.may_start:
        reason = "The trial licences had begun to run. The exit plan follows before the renewal."
        await gates.override(session, principal, pilot.id, GateOverrideIn(reason=reason))
