"""What snapshots leave out: each tells of everybody the last active day alone, and may conceal who they are. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from app.core.periods import DAY, Window
from app.licences.activity.models import CaveatKind, LicenceActivityCaveat

_CONCEALED = CaveatKind.NAMES_CONCEALED


@dataclass(frozen=True, slots=True)
class Caveat:
    """Why the activity of some days is not known in full."""

    kind: CaveatKind
    days: Window


@dataclass(frozen=True, slots=True)
class Noted:
    """What a snapshot adds to what was noted of its product.

    Args:
        keep: days to note, by kind and first day, with the day after the last; None: until further notice.
        drop: first days, by kind, of what is noted no more.
        is_break: whether names are concealed since, or shown again.
    """

    keep: dict[tuple[CaveatKind, date], date | None]
    drop: set[tuple[CaveatKind, date]]
    is_break: bool


def noted(known: Iterable[LicenceActivityCaveat], days: Window, *, is_named: bool) -> Noted:
    """What is noted of a product after another snapshot.

    Args:
        known: what was noted of it.
        days: those that the snapshot looks back on; it was made on the last.
        is_named: whether it says who everybody is.
    """
    before = {(each.kind, each.starts_on): each.ends_on for each in known}
    after = dict(before)
    made_on = days.ends_on - DAY
    concealed_since = _open(before)
    if is_named:
        _merge(after, CaveatKind.LAST_DAYS_ONLY, days.starts_on, days.ends_on)
        if concealed_since is not None:
            del after[_CONCEALED, concealed_since]
            if made_on > concealed_since:
                after[_CONCEALED, concealed_since] = made_on
    elif concealed_since is None:
        _merge(after, _CONCEALED, made_on, None)
    was_named = any(kind is CaveatKind.LAST_DAYS_ONLY for kind, _ in before)
    return Noted(
        keep={key: end for key, end in after.items() if key not in before or before[key] != end},
        drop=before.keys() - after.keys(),
        is_break=concealed_since is not None if is_named else concealed_since is None and was_named,
    )


def _open(noted: Mapping[tuple[CaveatKind, date], date | None]) -> date | None:
    """Since when names are concealed; None where they are not."""
    return next(
        (first for (kind, first), end in noted.items() if kind is _CONCEALED and end is None), None
    )


def _merge(
    noted: dict[tuple[CaveatKind, date], date | None],
    kind: CaveatKind,
    first: date,
    end: date | None,
) -> None:
    """Add days to what is noted, as one with those that they meet."""
    for (other, starts_on), ends_on in list(noted.items()):
        meets = ends_on is not None and ends_on >= first and (end is None or starts_on <= end)
        if other is kind and meets and ends_on is not None:
            first, end = min(first, starts_on), None if end is None else max(end, ends_on)
            del noted[other, starts_on]
    noted[kind, first] = end
