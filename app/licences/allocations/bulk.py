"""Many seats at once: one file, one transaction, a result a row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import MAX_LISTED, BulkResult, Outcome, RowError
from app.imports.models import ImportKind
from app.imports.service import Intake, intake
from app.licences.allocations import errors
from app.licences.allocations.giving import Giving, Verdict
from app.licences.allocations.ledger import Grant, Ledger, hold
from app.licences.allocations.models import SeatSource
from app.licences.allocations.schemas import AllocationBulkResult, AllocationRow, RowResult
from app.people.schemas import Employment

_OUTCOMES = {
    Verdict.GIVEN: Outcome.ACCEPTED,
    Verdict.WAITING: Outcome.WAITING,
    Verdict.WAITED_ALREADY: Outcome.DUPLICATE,
    Verdict.RECORDED_ALREADY: Outcome.DUPLICATE,
}
_NAMES = {Outcome.ACCEPTED: "allocated"}


async def allocate_many(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    chunks: Iterable[list[Parsed[AllocationRow]]],
    options: BulkOptions,
    *,
    queue: bool,
    origin: str = "api",
) -> AllocationBulkResult:
    """Give seats row by row, in order; with `queue`, waiting places once none is free.

    Raises:
        NotFound: there is no such pool.
        BulkRejected: atomic, and a row cannot be written.
    """
    ledger = await hold(session, principal, pool_id)
    kind = ImportKind.SEAT_ALLOCATIONS
    async with intake(session, principal, kind, options, origin=origin, about=pool_id) as batch:
        work = _Work(ledger, batch, queue)
        batch.describe = work.answer
        for chunk in chunks:
            await work.take(chunk)
    return batch.answer_as(AllocationBulkResult)


@dataclass(slots=True)
class _Work:
    """One file on its way into a ledger that is held."""

    ledger: Ledger
    batch: Intake
    queue: bool
    results: list[RowResult] = field(default_factory=list)

    def answer(self, common: BulkResult) -> AllocationBulkResult:
        shortage = self.ledger.shortage()
        return AllocationBulkResult(
            **common.model_dump(),
            waiting=self.batch.tally.counts[Outcome.WAITING],
            deficit=shortage.seats if shortage else 0,
            results=self.results,
        )

    async def take(self, chunk: list[Parsed[AllocationRow]]) -> None:
        rows = [parsed.row for parsed in chunk if parsed.row is not None]
        references = {(row.person_id, row.person_external_id) for row in rows}
        giving = await Giving.to(self.ledger, references)
        today = self.ledger.today()
        for parsed in chunk:
            row = parsed.row
            if row is None:
                self._reject(parsed.error, None)
                continue
            person = giving.person((row.person_id, row.person_external_id))
            allocated_on = row.allocated_on or today
            problem = giving.problem(parsed.index, person, allocated_on, row.released_on)
            if problem is not None or person is None:
                self._reject(problem, person)
                continue
            grant = self._grant(person, allocated_on, row)
            given = giving.give(grant, queue=self.queue, priority=row.priority)
            if given.verdict is Verdict.NO_SEAT:
                self._reject(RowError(parsed.index, errors.NO_SEAT, errors.NO_SEAT_DETAIL), person)
            elif given.verdict is Verdict.HOLDS_ANOTHER:
                self._reject(RowError(parsed.index, errors.ALREADY, errors.ALREADY_DETAIL), person)
            else:
                seat_id = given.seat["id"] if given.seat else None
                self._note(parsed.index, _OUTCOMES[given.verdict], person, seat_id)
        await giving.finish()

    def _grant(self, person: Employment, allocated_on: date, row: AllocationRow) -> Grant:
        return Grant(
            person.person_id,
            allocated_on,
            row.released_on,
            row.reason,
            SeatSource.BULK,
            self.batch.batch_id,
        )

    def _note(
        self, index: int, outcome: Outcome, person: Employment | None, seat_id: UUID | None
    ) -> None:
        self.batch.tally.note(outcome)
        self._list(index, _NAMES.get(outcome, outcome.value), person, seat_id, None)

    def _reject(self, problem: RowError | None, person: Employment | None) -> None:
        if problem is None:
            raise ValueError("a row is rejected for a reason")
        self.batch.tally.reject(problem)
        self._list(problem.index, Outcome.REJECTED.value, person, None, problem.code)

    def _list(
        self,
        index: int,
        result: str,
        person: Employment | None,
        seat_id: UUID | None,
        code: str | None,
    ) -> None:
        if len(self.results) < MAX_LISTED:
            self.results.append(
                RowResult(
                    index=index,
                    result=result,
                    person_id=person.person_id if person else None,
                    allocation_id=seat_id,
                    code=code,
                )
            )
