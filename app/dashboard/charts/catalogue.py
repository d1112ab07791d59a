"""Which charts there are, and from which answer of the API each is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.dashboard.charts import contents
from app.dashboard.charts.contents import Answer, Chart
from app.metrics.adoption.routes import get_adoption
from app.metrics.feedback.routes import get_feedback
from app.metrics.questions import Question
from app.metrics.time_use.routes import get_time_use
from app.metrics.utilisation.routes import get_pool_utilisation
from app.metrics.utilisation.service import Question as SeatQuestion


@dataclass(frozen=True, slots=True)
class Source:
    """An answer of the API: who gives it, and where it is found below the pilot or pool."""

    handler: Callable[..., Any]
    path: str
    asked: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """How a chart is made from an answer."""

    slug: str
    source: Source
    read: Callable[[Answer], Chart]


TIME_USE: Final = Source(get_time_use, "metrics/time-use", {"question": Question()})
ADOPTION: Final = Source(get_adoption, "metrics/adoption", {"question": Question()})
FEEDBACK: Final = Source(get_feedback, "metrics/feedback", {"question": Question()})
SEATS: Final = Source(get_pool_utilisation, "utilisation", {"asked": SeatQuestion()})

OF_PILOTS: Final = (
    Made("ratio", TIME_USE, contents.ratio),
    Made("admin-share-by-week", TIME_USE, contents.admin_share_by_week),
    Made("hours-by-week", TIME_USE, contents.hours_by_week),
    Made("use-by-week", ADOPTION, contents.use_by_week),
    Made("answers-by-week", FEEDBACK, contents.answers_by_week),
    Made("satisfaction-by-week", FEEDBACK, contents.satisfaction_by_week),
)
OF_POOLS: Final = (Made("seats-by-day", SEATS, contents.seats_by_day),)

SOURCE_OF: Final = {made.slug: made.source for made in (*OF_PILOTS, *OF_POOLS)}
