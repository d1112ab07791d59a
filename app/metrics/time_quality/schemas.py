"""How the quality of samples is sent."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from app.metrics.time_quality.inspection import SENTENCES, DayFlag, FlaggedDay
from app.metrics.time_quality.service import QualityAnswer, Shown
from app.time_use.samples.models import SampleMethod


class SamplesOut(BaseModel):
    """How many samples, of how many people; nulls where it is withheld."""

    samples: int | None
    people: int | None
    suppressed: bool


class FlagCountOut(BaseModel):
    """How many person-days cannot be true, and why; nulls where it is withheld."""

    code: DayFlag
    sentence: str
    person_days: int | None
    people: int | None
    suppressed: bool


class UncountedOut(BaseModel):
    """Samples that will not count, or not yet: as the answer to a bulk request counts them."""

    outside_members: SamplesOut
    outside_windows: SamplesOut
    unmapped: SamplesOut


class OfSourceOut(SamplesOut):
    """The samples of one source."""

    source: str


class OfMethodOut(SamplesOut):
    """The samples taken in one way."""

    method: SampleMethod


class TimeQualityOut(BaseModel):
    """What is to be known of a pilot's samples. What is flagged is kept, and counts."""

    pilot_id: UUID
    total: SamplesOut
    flags: list[FlagCountOut]
    uncounted: UncountedOut
    sources: list[OfSourceOut]
    methods: list[OfMethodOut]


class DayFlagOut(BaseModel):
    """Why a day cannot be true."""

    code: DayFlag
    sentence: str


class FlaggedDayOut(BaseModel):
    """A person-day that cannot be true."""

    person_id: UUID
    day: date
    minutes: float = Field(description="Recorded for samples that began on this local day.")
    samples: int
    flags: list[DayFlagOut]


def _samples(shown: Shown) -> dict[str, object]:
    return {"samples": shown.count, "people": shown.people, "suppressed": shown.suppressed}


def quality_out(pilot_id: UUID, answer: QualityAnswer) -> TimeQualityOut:
    """An answer as it is sent."""
    return TimeQualityOut.model_validate(
        {
            "pilot_id": pilot_id,
            "total": _samples(answer.samples),
            "flags": [
                {
                    "code": flag,
                    "sentence": SENTENCES[flag],
                    "person_days": answer.flags[flag].count,
                    "people": answer.flags[flag].people,
                    "suppressed": answer.flags[flag].suppressed,
                }
                for flag in DayFlag
            ],
            "uncounted": {name: _samples(shown) for name, shown in answer.uncounted.items()},
            "sources": [
                {"source": name, **_samples(shown)} for name, shown in answer.sources.items()
            ],
            "methods": [
                {"method": name, **_samples(shown)} for name, shown in answer.methods.items()
            ],
        }
    )


def day_out(found: FlaggedDay) -> FlaggedDayOut:
    """A person-day as it is sent."""
    return FlaggedDayOut(
        person_id=found.person_id,
        day=found.day,
        minutes=found.minutes,
        samples=found.samples,
        flags=[DayFlagOut(code=flag, sentence=SENTENCES[flag]) for flag in found.flags],
    )
