"""What snapshots leave out: each tells of everybody the last active day alone, and may conceal who they are. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.core.periods import DAY, Window
from app.licences.activity.models import CaveatKind, LicenceActivityCaveat


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
    last, concealed = CaveatKind.LAST_DAYS_ONLY, CaveatKind.NAMES_CONCEALED
    today = days.ends_on - DAY
    after = dict(before)
    open_since = next(
        (first for (kind, first), end in before.items() if kind is concealed and end is None), None
    )
    has_named = any(kind is last for kind, _ in before)
    if is_named:
        first, end = days.starts_on, days.ends_on
        for (kind, starts_on), ends_on in before.items():
            if kind is last and ends_on is not None and starts_on <= end and ends_on >= first:
                first, end = min(first, starts_on), max(end, ends_on)
                del after[kind, starts_on]
        after[last, first] = end
        if open_since is not None:
            del after[concealed, open_since]
            if today > open_since:
                after[concealed, open_since] = today
    elif open_since is None:
        after[concealed, today] = None
    return Noted(
        keep={key: end for key, end in after.items() if key not in before or before[key] != end},
        drop=before.keys() - after.keys(),
        is_break=(is_named and open_since is not None)
        or (not is_named and open_since is None and has_named),
    )
