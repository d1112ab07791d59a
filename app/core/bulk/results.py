"""What became of each row of a bulk request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.errors import Invalid
from app.core.sentences import counted

MAX_ERRORS = 10_000
MAX_LISTED = 10_000


class Outcome(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was rejected; `index` counts the rows from 0."""

    index: int
    code: str
    detail: str
    pointer: str = ""


Restate = Callable[[RowError], RowError]


def miscounted(found: int, expected: int, index: int = 0) -> RowError:
    """A row of a CSV file has another number of cells than its header."""
    detail = f"The row has {found} cells where the header has {expected}."
    return RowError(index, "wrong_number_of_cells", detail)


def as_it_is(error: RowError) -> RowError:
    """An error that nobody restates."""
    return error


@dataclass(slots=True)
class BulkTally:
    """Counts and errors as the rows go by; memory stays flat however many rows are bad."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    errors: list[RowError] = field(default_factory=list)
    rows: list[Outcome] | None = None
    # What every error goes through before it is noted, also those that are not listed any more.
    restate: Restate = as_it_is

    def note(self, outcome: Outcome) -> None:
        self.counts[outcome] += 1
        if self.rows is None:
            return
        if len(self.rows) == MAX_LISTED:
            raise Invalid.field(
                "/rows",
                "too_many_rows",
                f"rows=true lists at most {MAX_LISTED} rows; nothing was written. Leave it out, or "
                "send the rows in parts.",
            )
        self.rows.append(outcome)

    def reject(self, error: RowError) -> None:
        error = self.restate(error)
        self.note(Outcome.REJECTED)
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def note_chunk(self, problems: Sequence[RowError | None], outcomes: Sequence[Outcome]) -> None:
        """Note a chunk of rows in order: rejected where there is a problem, else the next outcome."""
        written = iter(outcomes)
        for problem in problems:
            if problem is None:
                self.note(next(written))
            else:
                self.reject(problem)

    @property
    def rejected(self) -> int:
        return self.counts[Outcome.REJECTED]

    @property
    def written(self) -> int:
        return self.counts[Outcome.ACCEPTED] + self.counts[Outcome.UPDATED]


class RowErrorOut(BaseModel):
    """Why a row was rejected."""

    index: int = Field(description="The row's place, from 0; a CSV's header is not counted.")
    code: str
    detail: str
    pointer: str = Field(description="JSON pointer of the field within the row.")


class BulkResult(BaseModel):
    """What became of a bulk request."""

    accepted: int = Field(description="Rows that are new.")
    updated: int = Field(description="Rows that replaced earlier values.")
    duplicates: int = Field(description="Rows that were there already, unchanged.")
    rejected: int = Field(description="Rows that were not written; `errors` says why.")
    errors: list[RowErrorOut] = Field(
        description=f"One a rejected row, the first {MAX_ERRORS}.", max_length=MAX_ERRORS
    )
    rows: list[Outcome] | None = Field(
        default=None, description="Each row's outcome in order, where `rows=true` asks for it."
    )
    batch_id: UUID | None = Field(description="The import batch; null after a dry run.")
    dry_run: bool


def result_of(tally: BulkTally, *, batch_id: UUID | None, dry_run: bool) -> BulkResult:
    """The answer for a tally."""
    return BulkResult(
        accepted=tally.counts[Outcome.ACCEPTED],
        updated=tally.counts[Outcome.UPDATED],
        duplicates=tally.counts[Outcome.DUPLICATE],
        rejected=tally.rejected,
        errors=[
            RowErrorOut(index=e.index, code=e.code, detail=e.detail, pointer=e.pointer)
            for e in tally.errors
        ],
        rows=tally.rows,
        batch_id=batch_id,
        dry_run=dry_run,
    )


class BulkRejected(Invalid):
    """An atomic bulk request with a row that cannot be written; its body is the result as well."""

    default_code = "rows_rejected"

    def __init__(self, result: BulkResult) -> None:
        self.result = result
        body = result.model_dump(mode="json")
        super().__init__(
            f"{counted(result.rejected, 'row')} cannot be written, so none was (mode=atomic). "
            "Mend what is named in errors and send it again.",
            extra=body,
        )
