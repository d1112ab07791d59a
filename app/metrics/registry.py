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
    slug: str,
    title: str,
    definition: str,
    formula: str,
    unit: str = "proportion",
    tier: EvidenceTier = EvidenceTier.USAGE_LOG,
) -> Metric:
    metric = Metric(slug, title, definition, formula, unit, tier)
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

ACTIVATION_RATE = _define(
    "activation_rate",
    "Activation",
    "Of the people who had access in the window, the share who have used the tool at all since their access began.",
    "people ever active since access began, by the window's end / people with access in the window",
)
MEDIAN_DAYS_TO_FIRST_USE = _define(
    "median_days_to_first_use",
    "Days to first use (median)",
    "How many days after getting access half of the people had used the tool; who has not used it yet counts as still waiting.",
    "Kaplan-Meier median of first active day - first day of access; censored on the last day of access or of the window",
    "days",
)
PURCHASED_SEAT_DAYS = _define(
    "purchased_seat_days",
    "Seat-days bought",
    "Seats bought, added up over the days of the window.",
    "sum over days of purchased(d)",
    "seat-days",
)
ALLOCATED_SEAT_DAYS = _define(
    "allocated_seat_days",
    "Seat-days held",
    "Seats that somebody held, added up over the days of the window.",
    "sum over days of allocated(d)",
    "seat-days",
)
ACTIVE_USER_DAYS = _define(
    "active_user_days",
    "Active user-days",
    "Days on which somebody with a seat used the tool, added up over people.",
    "sum over days of people active on d who hold a seat on d",
    "person-days",
)
ALLOCATION_RATE = _define(
    "allocation_rate",
    "Seats held, of those bought",
    "Of the seat-days that were bought, the share that somebody held.",
    "allocated_seat_days / purchased_seat_days",
)
LICENCE_UTILISATION = _define(
    "licence_utilisation",
    "Licence utilisation",
    "Of the days on which somebody held a seat, the share on which they used it.",
    "active user-days covered by a seat / allocated_seat_days",
)
EFFECTIVE_UTILISATION = _define(
    "effective_utilisation",
    "Effective utilisation",
    "Of the seat-days that were bought, the share on which somebody used one.",
    "active user-days covered by a seat / purchased_seat_days",
)
SEATS_ACTIVE_28D = _define(
    "seats_active_28d",
    "Seats in use",
    "Of the seats held on the date, those whose holder used the tool in the 28 days up to it.",
    "seats held on the date whose holder was active in the trailing 28 days",
    "seats",
)
DORMANT_SEATS = _define(
    "dormant_seats",
    "Dormant seats",
    "Seats held on the date that were used once, and not in the 28 days up to it.",
    "seats held on the date, used since they were given, holder not active in the trailing 28 days",
    "seats",
)
NEVER_USED_SEATS = _define(
    "never_used_seats",
    "Seats never used",
    "Seats held on the date whose holder has not used them since getting them.",
    "seats held on the date without activity since they were given",
    "seats",
)
UNASSIGNED_SEATS = _define(
    "unassigned_seats",
    "Seats nobody holds",
    "Seats bought on the date that nobody holds; below 0 where more are held than bought.",
    "purchased - allocated on the date",
    "seats",
)
COMMITTED_COST = _define(
    "committed_cost",
    "Committed cost",
    "What the seats bought cost over the days of the window.",
    "purchased_seat_days x seat_price / days of the term",
    "money",
)
IDLE_COST = _define(
    "idle_cost",
    "Idle cost",
    "The part of the committed cost for seats whose holder had not used the tool for 28 days, or that nobody held.",
    "(purchased_seat_days - seat-days whose holder was active in the trailing 28 days) x seat_price / days of the term",
    "money",
)
COST_PER_ACTIVE_USER = _define(
    "cost_per_active_user",
    "Cost per active person",
    "The committed cost for each person who used the tool in the window.",
    "committed_cost / distinct people active in the window",
    "money",
)
COST_PER_ACTIVE_DAY = _define(
    "cost_per_active_day",
    "Cost per active day",
    "The committed cost for each day on which somebody used the tool.",
    "committed_cost / active user-days covered by a seat",
    "money",
)
RECLAIM_CANDIDATES = _define(
    "reclaim_candidates",
    "Seats to ask for",
    "Seats held and idle for 30 days or more whose holder is neither away nor new, by data no older than 4 days.",
    "seats held >= 30 days, idle >= 30 days, not on leave, not a new starter, not kept by decision",
    "seats",
)
RECOMMENDED_SEATS = _define(
    "recommended_seats",
    "Seats to renew",
    "The most seats in use at once in the window, and those who wait, and a tenth more.",
    "ceil(1.1 x (peak of seats_active_28d + waiting list))",
    "seats",
)
MEDIAN_DAYS_TO_ALLOCATE = _define(
    "median_days_to_allocate",
    "Days on the waiting list (median)",
    "How many days after being put on the waiting list half of the people had a seat; who still waits counts as still waiting.",
    "Kaplan-Meier median of the day of the seat - the day of the request, for requests made in the window",
    "days",
)
DAYS_UNTIL_ALL_TAKEN = _define(
    "days_until_all_taken",
    "Days until every seat was taken",
    "How many days after the window's first day the first one ended on which no seat was left.",
    "first day with allocated(d) >= purchased(d) > 0, less the window's first day",
    "days",
)


def _reported(
    slug: str, title: str, definition: str, formula: str, unit: str = "proportion"
) -> Metric:
    return _define(slug, title, definition, formula, unit, EvidenceTier.SELF_REPORT)


RESPONSE_RATE = _reported(
    "response_rate",
    "Response rate",
    "Of the weekly answers that were to be expected from the people of the pilot, the share that came.",
    "answers / person-weeks in which a member of arm pilot was at work for a day or answered",
)
SATISFACTION_MEAN = _reported(
    "satisfaction_mean",
    "Satisfaction (mean)",
    "How satisfied staff said they were, from 1 to 5.",
    "sum of satisfaction / answers that give it",
    "points of 1 to 5",
)
MORALE_MEAN = _reported(
    "morale_mean",
    "Morale (mean)",
    "How staff said their morale was, from 1 to 5.",
    "sum of morale / answers that give it",
    "points of 1 to 5",
)
MORALE_CHANGE = _reported(
    "morale_change",
    "Change of morale",
    "How much the morale of those who answered before and during the pilot changed, person by person.",
    "mean over people with morale in baseline and window of (mean in the window - mean in the baseline)",
    "points of 1 to 5",
)
WOULD_KEEP_RATE = _reported(
    "would_keep_rate",
    "Would keep the tool",
    "Of the answers to whether they would keep the tool, the share that say yes.",
    "answers with would_keep true / answers that give it",
)
MENTAL_LOAD_REDUCED_RATE = _reported(
    "mental_load_reduced_rate",
    "Mental load reduced",
    "Of the answers about mental load, the share that give 4 or 5 of 5 for less of it.",
    "answers with mental_load_reduced >= 4 / answers that give it",
)
QUALITY_IMPROVED_RATE = _reported(
    "quality_improved_rate",
    "Quality improved",
    "Of the answers about the quality of work, the share that give 4 or 5 of 5 for better.",
    "answers with quality_improved >= 4 / answers that give it",
)
MINUTES_SAVED_SELF_REPORTED = _reported(
    "minutes_saved_self_reported",
    "Minutes saved a working day, as staff say (median)",
    "How many minutes a working day staff say they saved: half of the answers say more, half less. A claim, and no money.",
    "median of minutes_saved_per_day over answers that give it",
    "minutes per working day",
)
MINUTES_SAVED_SELF_REPORTED_MEAN = _reported(
    "minutes_saved_self_reported_mean",
    "Minutes saved a working day, as staff say (mean)",
    "How many minutes a working day staff say they saved, on average. A claim, and no money.",
    "sum of minutes_saved_per_day / answers that give it",
    "minutes per working day",
)


ADMIN_SHARE = _define(
    "admin_share",
    "Share of admin work",
    "Of the time spent on admin and direct work, the share that went to admin. Shown as a ratio, as 70:30.",
    "admin minutes / (admin + direct minutes)",
)
ADMIN_SHARE_STRICT = _define(
    "admin_share_strict",
    "Share of admin work (recording alone)",
    "The same with recording alone as admin: e-mail and scheduling are left out.",
    "minutes of recording categories / (minutes of recording categories + direct minutes)",
)
ADMIN_SHARE_BROAD = _define(
    "admin_share_broad",
    "Share of admin work (with indirect work)",
    "The same with indirect work counted as admin: liaison, meetings without the family, research.",
    "(admin + indirect minutes) / (admin + indirect + direct minutes)",
)
EXCLUDED_SHARE = _define(
    "excluded_share",
    "Time outside the ratio",
    "Of all time that was recorded, leave and breaks left out, the share that is neither admin nor direct work.",
    "1 - (admin + direct minutes) / all recorded minutes but those of class excluded",
)
ADMIN_HOURS_PER_WORKER_WEEK = _define(
    "admin_hours_per_worker_week",
    "Admin hours a worker and week",
    "Hours of admin work for each week in which somebody recorded time.",
    "admin minutes / 60 / distinct (person, ISO week) with any sample",
    "hours per person-week",
)
DIRECT_HOURS_PER_WORKER_WEEK = _define(
    "direct_hours_per_worker_week",
    "Direct hours a worker and week",
    "Hours of direct work for each week in which somebody recorded time.",
    "direct minutes / 60 / distinct (person, ISO week) with any sample",
    "hours per person-week",
)
ADMIN_SHARE_CHANGE = _define(
    "admin_share_change",
    "Change of the share of admin work",
    "How much the share of admin work of the same people changed from the baseline to the window.",
    "share in the window - share in the baseline, of the people with admin or direct minutes in both",
    "difference of proportions",
    EvidenceTier.BEFORE_AND_AFTER,
)
ADMIN_SHARE_EFFECT = _define(
    "admin_share_effect",
    "Change beyond that of the comparison group",
    "How much more the share of admin work changed than it did among people without the tool.",
    "admin_share_change of arm pilot - that of arm comparison",
    "difference of proportions",
    EvidenceTier.COMPARISON_GROUP,
)

CATEGORY_SHARE = _define(
    "category_share",
    "Share of a category",
    "Of all time that was recorded, leave and breaks left out, the share that went to one category of work.",
    "minutes of the category / all recorded minutes but those of class excluded",
)
EXCLUDED_CATEGORY_SHARE = _define(
    "excluded_category_share",
    "Share of leave or breaks",
    "Of all time that was recorded, the share that went to a category outside working time, as leave.",
    "minutes of the category of class excluded / all recorded minutes",
)
CATEGORY_SHARE_CHANGE = _define(
    "category_share_change",
    "Change of the share of a category",
    "How much the share of a category of the same people changed from the baseline to the window.",
    "share in the window - share in the baseline, of the people with time behind the share in both",
    "difference of proportions",
    EvidenceTier.BEFORE_AND_AFTER,
)

ADMIN_MINUTES_SAVED_MEASURED = _define(
    "admin_minutes_saved_measured",
    "Admin minutes saved a working day, as recorded",
    "How many minutes of admin a working day fewer the same people recorded in the window than in the baseline.",
    "(admin hours a worker and week in the baseline - in the window, of the people with samples in both) * 60 / 5",
    "minutes per working day",
    EvidenceTier.BEFORE_AND_AFTER,
)
SELF_REPORT_GAP = _reported(
    "self_report_gap",
    "Minutes claimed beyond those recorded",
    "How many minutes a working day staff say they save beyond those by which their recorded admin fell. The two stand side by side and are never merged.",
    "minutes_saved_self_reported_mean - admin_minutes_saved_measured",
    "minutes per working day",
)

REGISTRY: tuple[Metric, ...] = tuple(_METRICS.values())
