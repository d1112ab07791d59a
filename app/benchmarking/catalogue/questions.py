"""The questions of the yearly return, as data. A question that comes to mean something else is another one.

`CATALOGUE_VERSION` goes up with every change here; a return says by which it was filled in.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Section(StrEnum):
    """The parts of the return, in their order."""

    STAFFING = "staffing"
    COSTS = "costs"
    SAVINGS = "savings"
    GOVERNANCE = "governance"
    AUTOMATION = "automation"


class AnswerType(StrEnum):
    """What kind of number answers a question."""

    COUNT = "count"
    FTE = "fte"
    MONEY = "money"
    HOURS = "hours"
    SHARE = "share"
    CHANGE = "change"
    DAYS = "days"


class Direction(StrEnum):
    """Which values are the better ones, where any are."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


# Of these one organisation's part can outweigh all others'.
AMOUNTS: Final = frozenset({AnswerType.COUNT, AnswerType.FTE, AnswerType.MONEY, AnswerType.HOURS})
_BOUNDS: Final[dict[AnswerType, tuple[float, float]]] = {
    AnswerType.COUNT: (0, 1e7),
    AnswerType.FTE: (0, 1e6),
    AnswerType.MONEY: (0, 1e10),
    AnswerType.HOURS: (0, 1e8),
    AnswerType.SHARE: (0, 1),
    AnswerType.CHANGE: (-1, 1),
    AnswerType.DAYS: (0, 3660),
}


@dataclass(frozen=True, slots=True)
class BenchmarkQuestion:
    """A question.

    Attributes:
        step: what its quartiles are rounded to, in its unit.
        is_measured: it is estimated from a sample, so that an interval belongs to it.
        is_required: a return without an answer to it cannot be submitted.
        version: goes up where the definition says the same in better words.
    """

    id: str
    section: Section
    type: AnswerType
    unit: str
    title: str
    definition: str
    direction: Direction
    step: float
    is_measured: bool = False
    is_required: bool = False
    version: int = 1

    @property
    def is_amount(self) -> bool:
        return self.type in AMOUNTS

    @property
    def least(self) -> float:
        return _BOUNDS[self.type][0]

    @property
    def most(self) -> float:
        return _BOUNDS[self.type][1]


_S, _T, _D = Section, AnswerType, Direction

CATALOGUE_VERSION: Final = 1
CATALOGUE: Final = (
    BenchmarkQuestion(
        "staff_in_post",
        *(_S.STAFFING, _T.COUNT, "people"),
        "Staff in post",
        "People with a contract of employment on the last day of the year, schools left out.",
        *(_D.NEITHER, 100),
        is_required=True,
    ),
    BenchmarkQuestion(
        "digital_staff",
        *(_S.STAFFING, _T.FTE, "full-time equivalents"),
        "Digital, data and IT staff",
        "Posts filled on the last day of the year whose main work is digital, data or IT, as full-time equivalents.",
        *(_D.NEITHER, 5),
        is_required=True,
    ),
    BenchmarkQuestion(
        "ai_staff",
        *(_S.STAFFING, _T.FTE, "full-time equivalents"),
        "Staff who work on AI",
        "Of the digital, data and IT staff, those whose main work is AI: its choice, running, assurance or training.",
        *(_D.NEITHER, 0.5),
    ),
    BenchmarkQuestion(
        "ai_trained_share",
        *(_S.STAFFING, _T.SHARE, "proportion"),
        "Staff trained to use AI",
        "Staff in post who have completed training in the use of AI at work by the end of the year / staff in post.",
        *(_D.HIGHER, 0.01),
    ),
    BenchmarkQuestion(
        "admin_share_change",
        *(_S.STAFFING, _T.CHANGE, "difference of proportions"),
        "Change of admin work in a pilot",
        "Share of admin in admin and direct work during a pilot less that before it, on the same people. Of several "
        "pilots begun in the year the one with most people.",
        *(_D.LOWER, 0.01),
        is_measured=True,
    ),
    BenchmarkQuestion(
        "ict_spend",
        *(_S.COSTS, _T.MONEY, "pounds"),
        "Spending on IT",
        "Revenue spending on IT in the year: staff, contracts, licences and hosting; capital left out.",
        *(_D.NEITHER, 100_000),
        is_required=True,
    ),
    BenchmarkQuestion(
        "ai_licence_spend",
        *(_S.COSTS, _T.MONEY, "pounds"),
        "Spending on AI licences",
        "What the AI licences cost whose term begins in the year, for the whole of that term.",
        *(_D.NEITHER, 1_000),
    ),
    BenchmarkQuestion(
        "ai_implementation_spend",
        *(_S.COSTS, _T.MONEY, "pounds"),
        "Spending on introducing AI",
        "Spending in the year on bringing AI into use, beside its licences: projects, advice, training, assurance.",
        *(_D.NEITHER, 1_000),
    ),
    BenchmarkQuestion(
        "cash_savings_verified",
        *(_S.SAVINGS, _T.MONEY, "pounds"),
        "Cash saved, verified by finance",
        "Spending that fell in a named budget line because of AI, as verified by finance. Nothing verified: 0.",
        *(_D.HIGHER, 1_000),
    ),
    BenchmarkQuestion(
        "cost_avoided",
        *(_S.SAVINGS, _T.MONEY, "pounds"),
        "Cost avoided",
        "Spending that would have come in the year and did not because of AI; no part of what is counted as cash.",
        *(_D.HIGHER, 1_000),
    ),
    BenchmarkQuestion(
        "capacity_released",
        *(_S.SAVINGS, _T.HOURS, "hours"),
        "Capacity released",
        "Hours of staff that AI set free in the year and that went to other work; no part of the two above.",
        *(_D.HIGHER, 100),
    ),
    BenchmarkQuestion(
        "policy_topics_covered",
        *(_S.GOVERNANCE, _T.COUNT, "topics of twelve"),
        "Topics that AI policies cover",
        "Of purpose, use, governance, vendors, copyright, accuracy, confidentiality, disclosure, integration, ethics "
        "and bias, transparency, education: those that an approved policy covers at the end of the year.",
        *(_D.HIGHER, 1),
    ),
    BenchmarkQuestion(
        "overdue_policy_share",
        *(_S.GOVERNANCE, _T.SHARE, "proportion"),
        "Policies past their review",
        "Approved AI policies whose day of review has passed / approved AI policies, on the last day of the year.",
        *(_D.LOWER, 0.01),
    ),
    BenchmarkQuestion(
        "assessed_pilot_share",
        *(_S.GOVERNANCE, _T.SHARE, "proportion"),
        "Pilots assessed before they began",
        "AI pilots begun in the year whose data protection assessment had been approved before / those begun.",
        *(_D.HIGHER, 0.01),
    ),
    BenchmarkQuestion(
        "days_of_assurance",
        *(_S.GOVERNANCE, _T.DAYS, "days"),
        "Days that assurance took",
        "Median of the days from the first assessment of a pilot to its last approval, over pilots begun in the year.",
        *(_D.LOWER, 1),
    ),
    BenchmarkQuestion(
        "ai_output_error_rate",
        *(_S.GOVERNANCE, _T.SHARE, "proportion"),
        "AI outputs with a major error",
        "Outputs of AI with a critical or major error / outputs audited, from samples drawn at random.",
        *(_D.LOWER, 0.001),
        is_measured=True,
    ),
    BenchmarkQuestion(
        "ai_pilots_begun",
        *(_S.AUTOMATION, _T.COUNT, "pilots"),
        "AI pilots begun",
        "Trials of an AI tool that began in the year, with a first day, a last day and people who take part.",
        *(_D.NEITHER, 1),
    ),
    BenchmarkQuestion(
        "ai_licences",
        *(_S.AUTOMATION, _T.COUNT, "licences"),
        "AI licences held",
        "Seats bought of AI tools whose term begins in the year: their average over the days of the term so far.",
        *(_D.NEITHER, 10),
    ),
    BenchmarkQuestion(
        "licence_utilisation",
        *(_S.AUTOMATION, _T.SHARE, "proportion"),
        "Use of AI licences",
        "Days on which holders used their seat / days on which seats were held, over terms that begin in the year.",
        *(_D.HIGHER, 0.01),
        is_measured=True,
    ),
    BenchmarkQuestion(
        "late_adoption",
        *(_S.AUTOMATION, _T.SHARE, "proportion"),
        "Adoption at a pilot's end",
        "People who used the tool in the last 28 days of a pilot / people with access then. Of several pilots begun "
        "in the year the one with most people.",
        *(_D.HIGHER, 0.01),
        is_measured=True,
    ),
    BenchmarkQuestion(
        "processes_automated",
        *(_S.AUTOMATION, _T.COUNT, "processes"),
        "Processes that run by themselves",
        "Processes that reach from request to result without a hand of staff in most cases, at the end of the year.",
        *(_D.HIGHER, 1),
    ),
)
QUESTIONS: Final = {question.id: question for question in CATALOGUE}
