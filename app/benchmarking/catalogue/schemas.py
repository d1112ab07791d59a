"""What is received about the questions of the return."""

from pydantic import BaseModel, Field

from app.benchmarking.catalogue.questions import (
    CATALOGUE,
    CATALOGUE_VERSION,
    AnswerType,
    BenchmarkQuestion,
    Direction,
    Section,
)
from app.core.fields import Output


class QuestionOut(Output):
    """A question of the return."""

    id: str
    version: int
    section: Section
    type: AnswerType
    unit: str
    title: str
    definition: str
    direction: Direction = Field(description="Which values are the better ones, where any are.")
    least: float = Field(description="No answer is less.")
    most: float = Field(description="No answer is more.")
    step: float = Field(description="What quartiles are rounded to.")
    is_measured: bool = Field(description="An interval belongs to its answer.")
    is_required: bool
    is_tracked: bool = Field(description="It can be filled in from what is recorded here.")


class CatalogueOut(BaseModel):
    """Every question, in order."""

    version: int
    questions: list[QuestionOut]


def catalogue_out(tracked: frozenset[str]) -> CatalogueOut:
    """The catalogue as it is sent.

    Args:
        tracked: the ids of those that can be filled in from what is recorded.
    """
    return CatalogueOut(
        version=CATALOGUE_VERSION, questions=[_question(each, tracked) for each in CATALOGUE]
    )


def _question(question: BenchmarkQuestion, tracked: frozenset[str]) -> QuestionOut:
    names = QuestionOut.model_fields.keys() - {"is_tracked"}
    values = {name: getattr(question, name) for name in names}
    return QuestionOut(**values, is_tracked=question.id in tracked)
