"""Field types of the rows that bulk endpoints decode with msgspec; the caps are those of `fields`."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec

from app.core.bulk.results import RowError
from app.core.fields import BARE_CODE_PATTERN, EARLIEST, LATEST, MAX_REMARK, REMARK_PATTERN

# Before a final line feed Python finds `$` as well: the lookahead refuses it.
_BARE_CODE: Final = BARE_CODE_PATTERN + r"(?!\n)"

# No blanks at either end, so that one number is not two people.
_TRIMMED: Final = r"^[^\s\x00-\x1f\x7f]([^\x00-\x08\x0b-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$(?!\n)"

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_TRIMMED)]
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=_TRIMMED)]
BareCode = Annotated[str, msgspec.Meta(max_length=64, pattern=_BARE_CODE)]
Remark = Annotated[str, msgspec.Meta(max_length=MAX_REMARK, pattern=REMARK_PATTERN)]
Fte = Annotated[float, msgspec.Meta(gt=0, le=1.5)]


def given(row: msgspec.Struct) -> dict[str, Any]:
    """The fields that a row states; those left out are not in it."""
    return {
        name: value
        for name, value in msgspec.structs.asdict(row).items()
        if value is not msgspec.UNSET
    }


def date_problem(index: int, **dates: date | None) -> RowError | None:
    """What is wrong with the first of a row's dates that is outside the range that is taken, if any."""
    for name, value in dates.items():
        if value is not None and not EARLIEST <= value <= LATEST:
            detail = f"must lie between {EARLIEST.isoformat()} and {LATEST.isoformat()}"
            return RowError(index, "date_out_of_range", detail, f"/{name}")
    return None
