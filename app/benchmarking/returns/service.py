"""Rules about returns: begun, filled in, checked, submitted, and then amended by another version."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.benchmarking.catalogue.questions import CATALOGUE_VERSION, QUESTIONS
from app.benchmarking.returns import errors, repository, tracked
from app.benchmarking.returns.answers import Answer, Origin, kept, problems, year_of
from app.benchmarking.returns.models import BenchmarkReturn, ReturnStatus
from app.benchmarking.returns.schemas import AnswerIn, ReturnIn, Step
from app.core import clock
from app.core.errors import FieldError, Invalid, existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery


async def get(
    session: AsyncSession, principal: Principal, return_id: UUID, *, for_update: bool = False
) -> BenchmarkReturn:
    """A version of a return.

    Raises:
        NotFound: there is none within reach.
    """
    row = await repository.find(session, principal, return_id, for_update=for_update)
    return existing(row, "return")


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, year: int | None
) -> tuple[list[BenchmarkReturn], str | None]:
    """Versions of the organisation's returns, newest first."""
    return await repository.page(session, principal, query, year)


async def submitted(
    session: AsyncSession, principal: Principal, year: int
) -> BenchmarkReturn | None:
    """The version that stands for a year, held until the transaction ends."""
    return await repository.submitted(session, principal, year, for_update=True)


async def begin(session: AsyncSession, principal: Principal, wanted: ReturnIn) -> BenchmarkReturn:
    """Begin a year's return, filled in from what is recorded; or amend what was submitted.

    Raises:
        Invalid: the year has not begun, or an amendment gives no reason.
        Conflict: a version of the year is open.
    """
    if clock.today(principal.organisation.zone) < year_of(wanted.year).starts_on:
        raise errors.not_begun()
    before = await repository.newest(session, principal, wanted.year, for_update=True)
    if before is not None and before.status is not ReturnStatus.SUBMITTED:
        raise errors.already_open()
    if before is not None and wanted.reason is None:
        raise errors.reason_missing()
    row = BenchmarkReturn(
        organisation_id=principal.organisation_id,
        year=wanted.year,
        version=before.version + 1 if before is not None else 1,
        reason=wanted.reason if before is not None else None,
        catalogue_version=CATALOGUE_VERSION,
        answers=dict(before.answers) if before is not None else {},
    )
    if before is None:
        await _fill_in(session, principal, row)
    session.add(row)
    await session.flush()
    details = {"year": row.year, "version": row.version, "answered": len(row.answers)}
    await audit_log.record(session, principal, "benchmark_return.begun", row.id, details=details)
    return row


async def _fill_in(session: AsyncSession, principal: Principal, row: BenchmarkReturn) -> list[str]:
    """Take answers anew from what is recorded, and leave those alone that were entered.

    Returns:
        The questions whose answers are others than before.
    """
    before = kept(row.answers)
    entered = {name: each for name, each in before.items() if each.origin is Origin.ENTERED}
    found = await tracked.found(session, principal, year_of(row.year))
    answers = {**found, **entered}
    row.answers = {name: each.stored() for name, each in answers.items()}
    names = before.keys() | answers.keys()
    return sorted(name for name in names if before.get(name) != answers.get(name))


async def fill_in(session: AsyncSession, principal: Principal, return_id: UUID) -> BenchmarkReturn:
    """Take a draft's answers anew from what is recorded; what was entered stays.

    Raises:
        NotFound: there is no such return within reach.
        Conflict: it was submitted.
    """
    row = await _open(session, principal, return_id)
    changed = await _fill_in(session, principal, row)
    await _changed(session, principal, row, "benchmark_return.filled_in", changed)
    return row


async def change(
    session: AsyncSession,
    principal: Principal,
    return_id: UUID,
    answers: Mapping[str, AnswerIn | None],
    if_match: str | None,
) -> BenchmarkReturn:
    """Enter answers, or take some away.

    Raises:
        NotFound: there is no such return within reach.
        PreconditionFailed: it has changed since the caller looked.
        Conflict: it was submitted.
        Invalid: a question is not one of the catalogue.
    """
    row = await _open(session, principal, return_id)
    check_if_match(if_match, etag_of(row.id, row.revision))
    unknown = [name for name in answers if name not in QUESTIONS]
    if unknown:
        detail = "There is no such question. GET /benchmark-catalogue lists them."
        wrong = [FieldError(f"/answers/{name}", "unknown_question", detail) for name in unknown]
        raise Invalid(detail, code="unknown_question", errors=wrong)
    entered = {name: Answer(**each.model_dump()).stored() for name, each in answers.items() if each}
    stays = {name: each for name, each in row.answers.items() if name not in answers}
    row.answers = {**stays, **entered}
    await _changed(session, principal, row, "benchmark_return.changed", sorted(answers))
    return row


async def _open(session: AsyncSession, principal: Principal, return_id: UUID) -> BenchmarkReturn:
    row = await get(session, principal, return_id, for_update=True)
    if row.submitted_at is not None:
        raise errors.submitted()
    return row


async def _changed(
    session: AsyncSession,
    principal: Principal,
    row: BenchmarkReturn,
    action: str,
    questions: list[str],
) -> None:
    row.status = ReturnStatus.DRAFT
    row.touch()
    await audit_log.record(session, principal, action, row.id, details={"questions": questions})


async def take(
    session: AsyncSession, principal: Principal, return_id: UUID, to: Step
) -> BenchmarkReturn:
    """Check a version, or submit one that was checked; what it amends is then `amended`.

    Raises:
        NotFound: there is no such return within reach.
        Conflict: it was submitted, has not been checked, or the year is not over.
        Invalid: answers are missing, or cannot be right.
    """
    row = await _open(session, principal, return_id)
    wrong = problems(kept(row.answers))
    if wrong:
        raise errors.incomplete(wrong)
    if to is Step.SUBMITTED:
        await _submit(session, principal, row)
    else:
        row.status = ReturnStatus.CHECKED
    row.touch()
    await audit_log.record(session, principal, f"benchmark_return.{to.value}", row.id)
    return row


async def _submit(session: AsyncSession, principal: Principal, row: BenchmarkReturn) -> None:
    if row.status is not ReturnStatus.CHECKED:
        raise errors.not_checked()
    if clock.today(principal.organisation.zone) < year_of(row.year).ends_on:
        raise errors.year_not_over(row.year)
    before = await repository.submitted(session, principal, row.year, for_update=True)
    if before is not None:
        before.status = ReturnStatus.AMENDED
        before.touch()
    row.status, row.submitted_at = ReturnStatus.SUBMITTED, clock.now()
