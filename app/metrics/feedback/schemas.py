"""How feedback is sent as figures."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.feedback.sessions.models import FeedbackSession, SessionKind
from app.metrics.feedback.service import MOST_THEMES, FeedbackAnswer
from app.metrics.schemas import MetricValue, WindowOut, plain_figures


class _FeedbackValues(BaseModel):
    response_rate: MetricValue
    satisfaction_mean: MetricValue
    morale_mean: MetricValue
    would_keep_rate: MetricValue
    mental_load_reduced_rate: MetricValue
    quality_improved_rate: MetricValue
    minutes_saved_self_reported: MetricValue
    minutes_saved_self_reported_mean: MetricValue


class FeedbackGroupFigures(_FeedbackValues):
    """The figures of some of the people over a window."""

    morale_change: MetricValue


class FeedbackFigures(FeedbackGroupFigures):
    """The figures over a window, and what is claimed of minutes saved beside what was recorded."""

    admin_minutes_saved_measured: MetricValue
    self_report_gap: MetricValue


class FeedbackWeek(_FeedbackValues):
    """The figures of one ISO week."""

    starts_on: date = Field(description="The Monday.")


class FeedbackGroup(BaseModel):
    """The figures of the people of one group; anonymous answers are in none."""

    group: str
    figures: FeedbackGroupFigures


class FeedbackMetrics(BaseModel):
    """Feedback of a pilot: whole, week by week, by group."""

    pilot_id: UUID
    window: WindowOut
    as_of: date
    figures: FeedbackFigures
    weekly: list[FeedbackWeek]
    groups: list[FeedbackGroup]
    missing_weeks: list[date] = Field(
        description="Mondays of weeks that are over and about which nobody answered who was expected to."
    )


class ThemeOut(BaseModel):
    """A theme, and how many people name it at least."""

    theme: str
    people: int


class SessionsHeld(BaseModel):
    """Sessions of a kind that were held in the window."""

    kind: SessionKind
    held: int
    invited: int | None = Field(description="Null: not recorded for any.")
    attended: int | None


class FeedbackSummary(FeedbackMetrics):
    """The same with its themes and the sessions that were held."""

    themes: list[ThemeOut] = Field(max_length=MOST_THEMES)
    themes_withheld: bool = Field(description="Whether there are themes that too few name.")
    sessions: list[SessionsHeld]


def feedback_out(pilot_id: UUID, answer: FeedbackAnswer) -> FeedbackMetrics:
    """An answer as it is sent."""
    return FeedbackMetrics.model_validate(_common(pilot_id, answer))


def summary_out(
    pilot_id: UUID, answer: FeedbackAnswer, held: list[FeedbackSession]
) -> FeedbackSummary:
    """An answer with themes and sessions as it is sent."""
    themes = [{"theme": theme, "people": count} for theme, count in answer.themes.counts]
    return FeedbackSummary.model_validate(
        {
            **_common(pilot_id, answer),
            "themes": themes,
            "themes_withheld": answer.themes.withheld,
            "sessions": [
                {
                    "kind": kind,
                    "held": len(of_kind),
                    "invited": _total([each.invited for each in of_kind]),
                    "attended": _total([each.attended for each in of_kind]),
                }
                for kind in SessionKind
                if (of_kind := [each for each in held if each.kind is kind])
            ],
        }
    )


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _common(pilot_id: UUID, answer: FeedbackAnswer) -> dict[str, Any]:
    report = answer.report
    return {
        "pilot_id": pilot_id,
        "window": {"starts_on": answer.window.starts_on, "ends_on": answer.window.ends_on},
        "as_of": answer.as_of,
        "figures": plain_figures(report.figures),
        "weekly": [
            {"starts_on": monday, **plain_figures(figures)}
            for monday, figures in zip(answer.mondays, report.weekly, strict=True)
        ],
        "groups": [
            {"group": group, "figures": plain_figures(figures)}
            for group, figures in report.groups.items()
        ],
        "missing_weeks": answer.missing_weeks,
    }
