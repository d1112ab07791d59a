"""Rules about weekly answers: one a person and week, anonymous ones beside; text is screened."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult, Outcome, RowError
from app.core.errors import Invalid
from app.core.fields import EARLIEST, LATEST
from app.core.models import new_id
from app.core.pagination import PageQuery, page_of
from app.core.periods import WEEK, Window, iso_week_of
from app.feedback.responses import repository
from app.feedback.responses.comments import Comment, comments_of, gathered
from app.feedback.responses.models import (
    BETWEEN_THEMES,
    CommentPlace,
    FeedbackResponse,
)
from app.feedback.responses.repository import ResponseFilter, Written
from app.feedback.responses.rows import answer_key, answers_of, problem_of, themes_of
from app.feedback.responses.schemas import (
    FeedbackAccounted,
    FeedbackBulkResult,
    FeedbackResult,
    FeedbackRow,
)
from app.feedback.sessions import service as sessions
from app.imports import service as imports
from app.imports.mappings import service as mappings
from app.imports.models import ImportBatch, ImportKind
from app.imports.service import Intake, TakenBack, intake
from app.people import service as people
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Pilot

OUTSIDE_MEMBERS, OUTSIDE_WINDOWS = "outside_members", "outside_windows"


@dataclass(slots=True)
class _Taking:
    """A pilot whose answers are taken in, and what decides whether they will count."""

    session: AsyncSession
    principal: Principal
    pilot: Pilot
    today: date
    uncounted: Counter[str] = field(default_factory=Counter)

    async def take(
        self, chunk: Sequence[Parsed[FeedbackRow]], batch_id: UUID | None
    ) -> tuple[list[RowError | None], list[Outcome], list[dict[str, Any]], list[list[str]]]:
        """Write rows.

        Returns:
            For each the problem; for those without one the outcome, the values, and why it does not count.
        """
        session, principal, pilot = self.session, self.principal, self.pilot
        rows = [p.row for p in chunk if p.row is not None]
        person_of = await people.resolve(
            session, principal, {(r.person_id, r.person_external_id) for r in rows}
        )
        members = await membership.of_people(session, principal, pilot.id, set(person_of.values()))
        asked = {row.session_id for row in rows if row.session_id is not None}
        sessions_there = await sessions.known(session, principal, pilot.id, asked)
        problems: list[RowError | None] = []
        values: list[dict[str, Any]] = []
        reasons: list[list[str]] = []
        for parsed in chunk:
            row = parsed.row
            if row is None:
                problems.append(parsed.error)
                continue
            person_id = person_of.get((row.person_id, row.person_external_id))
            themes = themes_of(row)
            problem = problem_of(parsed.index, row, person_id, sessions_there, self.today)
            problems.append(problem)
            if problem is not None:
                continue
            week = iso_week_of(row.week_starts_on)
            member = members.get(person_id) if person_id is not None else None
            why = []
            if person_id is not None and (
                member is None
                or not week.overlaps(Window(member.joined_on or EARLIEST, member.left_on or LATEST))
            ):
                why.append(OUTSIDE_MEMBERS)
            if not any(window.counts_week(row.week_starts_on) for window in pilot.windows):
                why.append(OUTSIDE_WINDOWS)
            reasons.append(why)
            values.append(self._values(row, person_id, themes, batch_id))
        self.uncounted.update(reason for why in reasons for reason in why)
        return problems, await self._write(values), values, reasons

    async def _write(self, values: Sequence[dict[str, Any]]) -> list[Outcome]:
        in_order = [tuple(each[name] for name in repository.COLUMNS) for each in values]
        return await repository.upsert_responses(self.session, in_order)

    def _values(
        self, row: FeedbackRow, person_id: UUID | None, themes: list[str], batch_id: UUID | None
    ) -> dict[str, Any]:
        now = clock.now() if person_id is not None else None
        return {
            "organisation_id": self.principal.organisation_id,
            "pilot_id": self.pilot.id,
            "answer_key": answer_key(row, person_id),
            # One made of the time would tell when an anonymous answer came.
            "id": new_id() if person_id is not None else uuid4(),
            "week_starts_on": row.week_starts_on,
            "person_id": person_id,
            "session_id": row.session_id,
            **answers_of(row),
            "themes": BETWEEN_THEMES.join(themes),
            "is_deleted": row.deleted,
            "batch_id": batch_id,
            "created_at": now,
            "updated_at": now,
            "revision": 1,
        }


async def _taking(session: AsyncSession, principal: Principal, pilot_id: UUID) -> _Taking:
    pilot = await pilots.get(session, principal, pilot_id)
    return _Taking(session, principal, pilot, clock.today(principal.organisation.zone))


async def upsert_many(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    chunks: Iterable[list[Parsed[FeedbackRow]]],
    options: BulkOptions,
    *,
    origin: str = "api",
) -> FeedbackBulkResult:
    """Take answers in; one that is there already with other values is replaced, and kept as a version.

    Raises:
        NotFound: there is no such pilot within reach.
        BulkRejected: atomic, and a row cannot be written.
    """
    taking = await _taking(session, principal, pilot_id)

    def describe(common: BulkResult) -> BulkResult:
        counts = {name: taking.uncounted[name] for name in FeedbackAccounted.model_fields}
        return FeedbackBulkResult(**common.model_dump(), uncounted=FeedbackAccounted(**counts))

    kind = ImportKind.FEEDBACK
    async with intake(session, principal, kind, options, origin=origin, about=pilot_id) as batch:
        batch.describe = describe
        for chunk in chunks:
            await _take_chunk(taking, chunk, batch)
    return batch.answer_as(FeedbackBulkResult)


async def _take_chunk(taking: _Taking, chunk: list[Parsed[FeedbackRow]], batch: Intake) -> None:
    problems, outcomes, _, _ = await taking.take(chunk, batch.batch_id)
    batch.tally.note_chunk(problems, outcomes)


async def record(
    session: AsyncSession, principal: Principal, pilot_id: UUID, row: FeedbackRow
) -> FeedbackResult:
    """Take one answer.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: it cannot be written.
    """
    taking = await _taking(session, principal, pilot_id)
    (problem,), outcomes, values, reasons = await taking.take([Parsed(0, row=row)], None)
    if problem is not None:
        raise Invalid.field(problem.pointer, problem.code, problem.detail)
    (outcome,), (written,), (why,) = outcomes, values, reasons
    if outcome is not Outcome.DUPLICATE:
        await audit_log.record(session, principal, f"feedback.{outcome.value}", pilot_id)
    key = written["answer_key"]
    return FeedbackResult(
        feedback_id=await repository.id_of(session, principal, pilot_id, key),
        outcome=outcome.value,
        week_starts_on=row.week_starts_on,
        uncounted=why,
    )


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    wanted: ResponseFilter,
) -> tuple[list[FeedbackResponse], str | None]:
    """Answers of a pilot, for its lead alone; the read is recorded.

    Raises:
        NotFound: there is no such pilot within reach.
        Forbidden: the caller is not its lead.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    pilots.check_is_lead(
        principal,
        "Named answers are shown to the pilot's lead alone. For figures see …/feedback-summary.",
    )
    rows, cursor = await repository.page(session, principal, pilot.id, query, wanted)
    details = {"rows": len(rows)}
    await audit_log.record(session, principal, "feedback.read", pilot.id, details=details)
    return rows, cursor


async def comments(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[Comment], str | None, bool]:
    """What staff wrote, by weeks in which enough of them did; the read is recorded.

    Returns:
        A page of it, the cursor of the next, and whether there is more that is not shown.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    groups, new, withheld = await _groups(session, principal, pilot)
    if new:
        # Of two who read at once the second finds what the first was shown.
        await pilots.hold(session, principal, pilot.id)
        groups, new, withheld = await _groups(session, principal, pilot)
        _keep(session, pilot, new, max(groups, default=0) + 1)
    every = [*(groups[number] for number in sorted(groups)), *new]
    found = [comment for group in every for comment in comments_of(group)]
    items, cursor = page_of(found, query)
    details = {"rows": len(items)}
    await audit_log.record(session, principal, "feedback.comments_read", pilot.id, details=details)
    return items, cursor, withheld


async def _groups(
    session: AsyncSession, principal: Principal, pilot: Pilot
) -> tuple[dict[int, list[Written]], list[list[Written]], bool]:
    """The groups that were read before, those that can be made now, and whether more is not shown."""
    read: dict[int, list[Written]] = {}
    waiting = []
    for each in await repository.texts(session, principal, pilot.id):
        if each.group is None:
            waiting.append(each)
        else:
            read.setdefault(each.group, []).append(each)
    new, withheld = gathered(await _of_closed_weeks(session, principal, pilot, waiting))
    return read, new, withheld


def _keep(session: AsyncSession, pilot: Pilot, groups: list[list[Written]], first: int) -> None:
    """Note which texts are shown together, under numbers from the first on."""
    session.add_all(
        CommentPlace(
            organisation_id=pilot.organisation_id,
            pilot_id=pilot.id,
            answer_key=each.answer_key,
            revision=each.revision,
            number=number,
        )
        for number, group in enumerate(groups, first)
        for each in group
    )


async def _of_closed_weeks(
    session: AsyncSession, principal: Principal, pilot: Pilot, written: Iterable[Written]
) -> list[Written]:
    """What was written by members, or nobody known, about weeks that count and have been over for one."""
    members = {who.person_id: who for who in await membership.over(session, principal, pilot, None)}
    today = clock.today(principal.organisation.zone)
    return [
        each
        for each in written
        if each.week_starts_on + 2 * WEEK <= today
        and any(window.counts_week(each.week_starts_on) for window in pilot.windows)
        and (
            each.person_id is None
            or (
                (member := members.get(each.person_id)) is not None
                and member.takes_part.overlaps(iso_week_of(each.week_starts_on))
            )
        )
    ]


def since(starts_on: date | None, ends_on: date | None) -> Window:
    """The window of weeks that two dates mean, each of which may be left out."""
    return Window(starts_on or EARLIEST, ends_on or LATEST + timedelta(days=1))


async def _undo(session: AsyncSession, principal: Principal, batch: ImportBatch) -> TakenBack:
    for pilot_id in await repository.pilots_of(session, principal, batch.id):
        await pilots.get(session, principal, pilot_id, for_update=True)
    removed, restored = await repository.undo(session, principal, batch.id, clock.now())
    return TakenBack(removed, restored)


imports.undone_by(ImportKind.FEEDBACK, _undo)
mappings.applies_to(ImportKind.FEEDBACK, FeedbackRow)
