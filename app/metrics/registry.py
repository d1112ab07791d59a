"""Every figure that the service computes, defined once: what the API serves as `GET /metrics`."""

from dataclasses import dataclass
from enum import IntEnum


class EvidenceTier(IntEnum):
    """How much a figure proves."""

    CLAIM = 0
    SELF_REPORT = 1
    USAGE_LOG = 2
    BEFORE_AND_AFTER = 3
    COMPARISON_GROUP = 4
    VERIFIED_BY_FINANCE = 5


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure's definition; a change of its meaning is a new version."""

    slug: str
    title: str
    definition: str
    formula: str
    unit: str
    evidence_tier: EvidenceTier
    definition_version: int = 1


_METRICS: dict[str, Metric] = {}


def _define(
    slug: str, title: str, definition: str, formula: str, unit: str = "proportion"
) -> Metric:
    metric = Metric(slug, title, definition, formula, unit, EvidenceTier.USAGE_LOG)
    if slug in _METRICS:
        raise ValueError(f"two metrics are called {slug}")
    _METRICS[slug] = metric
    return metric


ADOPTION_RATE = _define(
    "adoption_rate",
    "Adoption",
    "Of the people who had access at any time in the window, the share who used the tool in it.",
    "distinct people active in the window / distinct people with access in the window",
)
WEEKLY_ACTIVE_RATE = _define(
    "weekly_active_rate",
    "Weekly active people",
    "Of the people who had access in an ISO week, the share who used the tool in that week.",
    "distinct people active in the week / distinct people with access in the week",
)
FIRST_28_DAYS_ADOPTION = _define(
    "first_28_days_adoption",
    "Adoption in the first 28 days",
    "Adoption over the first 28 days of the window; beside the last 28 it shows whether novelty wore off.",
    "adoption_rate over [start, start + 28 days)",
)
LAST_28_DAYS_ADOPTION = _define(
    "last_28_days_adoption",
    "Adoption in the last 28 days",
    "Adoption over the last 28 days of the window; beside the first 28 it shows whether novelty wore off.",
    "adoption_rate over [end - 28 days, end)",
)
RETENTION_RATE = _define(
    "retention_rate",
    "Week-on-week retention",
    "Of the people active last week who still have access, the share who are active again this week.",
    "|A(t) ∩ A(t-1)| / |A(t-1) still with access in t|",
)
RETURNING_SHARE = _define(
    "returning_share",
    "Returning share",
    "Of the people active this week, the share who were active last week as well.",
    "|A(t) ∩ A(t-1)| / |A(t)|",
)
ACTIVE_DAYS_PER_ACTIVE_USER_WEEK = _define(
    "active_days_per_active_user_week",
    "Active days a week, of those active",
    "In a week in which somebody used the tool at all, the days on which they used it.",
    "active person-days / active person-weeks",
    "days per person-week",
)
USAGE_SEGMENTS = _define(
    "usage_segments",
    "Usage segments (12 weeks)",
    "People by how regularly they used the tool over the last 12 ISO weeks that end in the window.",
    "first match: power: 9 or more active weeks and 15 or more actions a week on average; habitual: "
    "9 or more active weeks; novice: 1 or more actions a week on average; low: any action; non-user",
    "people",
)
USAGE_SEGMENTS_4_WEEKS = _define(
    "usage_segments_4_weeks",
    "Usage segments (4 weeks)",
    "People by how regularly they used the tool over the last 4 ISO weeks that end in the window.",
    "as usage_segments, with all 4 weeks active for power and habitual",
    "people",
)

REGISTRY: tuple[Metric, ...] = tuple(_METRICS.values())
