"""What is to be known of figures because the activity behind them is not known in full."""

from collections.abc import Collection

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.licences.activity import service as activity
from app.licences.activity.models import CaveatKind
from app.metrics.figures import AnyFigure, Flag
from app.metrics.suppression import Figures, Report

_FLAGS = {
    CaveatKind.LAST_DAYS_ONLY: Flag.LOWER_BOUND,
    CaveatKind.NAMES_CONCEALED: Flag.IDENTITY_BREAK,
}


async def with_caveats(
    session: AsyncSession,
    principal: Principal,
    report: Report,
    products: Collection[str],
    of_use: Collection[str] | None = None,
) -> Report:
    """The report with flags on every figure in whose window activity is not known in full.

    Args:
        session: the transaction.
        principal: who asks; its organisation.
        report: figures of use of these products, fit for the reader.
        products: of which products; the flags are those of days, and say nothing of anybody.
        of_use: the figures that activity has a part in; None: all.
    """
    found = [
        (each.days, _FLAGS[each.kind])
        for each in await activity.caveats(session, principal, products)
    ]
    if not found:
        return report

    def one(slug: str, figure: AnyFigure) -> AnyFigure:
        if of_use is not None and slug not in of_use:
            return figure
        return figure.flagged(*(flag for days, flag in found if days.overlaps(figure.window)))

    def each(figures: Figures) -> Figures:
        return {slug: one(slug, figure) for slug, figure in figures.items()}

    return Report(
        figures=each(report.figures),
        weekly=[each(week) for week in report.weekly],
        groups={group: each(figures) for group, figures in report.groups.items()},
    )
