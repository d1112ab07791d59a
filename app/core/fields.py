"""Types of input fields that every domain uses: capped, and strict about what JSON they take."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2199, 12, 31)

# No control characters but tab and line feed: PostgreSQL refuses NUL, and logs and CSVs break on others.
PRINTABLE_PATTERN: Final = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
_NOT_BLANK_PATTERN: Final = (
    r"^[^\x00-\x08\x0b-\x1f\x7f]*[^\x00-\x08\x0b-\x1f\x7f\s][^\x00-\x08\x0b-\x1f\x7f]*$"
)
# Lone surrogates as well, which are no text; a published pattern cannot name them in every dialect.
_NOT_PRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def _printable(value: str) -> str:
    if _NOT_PRINTABLE.search(value):
        raise PydanticCustomError("control_characters", "must not hold control characters")
    return value


def _iso_date(value: Any) -> Any:
    # pydantic would take a number (seconds since 1970) or an instant for a date.
    if isinstance(value, str) and not _ISO_DATE.match(value):
        raise PydanticCustomError("date_format", "must be a date as YYYY-MM-DD (ISO 8601)")
    if not isinstance(value, str | date):
        raise PydanticCustomError("date_type", "must be a date as YYYY-MM-DD (ISO 8601)")
    return value


def _in_range(value: date) -> date:
    if not EARLIEST <= value <= LATEST:
        raise PydanticCustomError(
            "date_out_of_range", f"must lie between {EARLIEST.isoformat()} and {LATEST.isoformat()}"
        )
    return value


Printable = AfterValidator(_printable)
# What stripping and `Printable` demand, for the API description, which does not see into validators.
NotBlank = Field(json_schema_extra={"pattern": _NOT_BLANK_PATTERN})
CalendarDate = Annotated[date, BeforeValidator(_iso_date), AfterValidator(_in_range)]
Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Printable,
    NotBlank,
]
Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
    Printable,
    NotBlank,
]
# What people write into a form, with the line ends that it sends.
REMARK_PATTERN: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
MAX_REMARK: Final = 4000
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def _is_text(value: str) -> str:
    if _SURROGATE.search(value):
        raise PydanticCustomError("control_characters", "must not hold half characters")
    return value


Remark = Annotated[
    str,
    StringConstraints(max_length=MAX_REMARK, pattern=REMARK_PATTERN),
    AfterValidator(_is_text),
]
FilterText = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE_PATTERN)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
BARE_CODE_PATTERN: Final = r"^[a-zA-Z0-9][a-zA-Z0-9 _.()/-]{0,63}$"
BareCode = Annotated[str, StringConstraints(pattern=BARE_CODE_PATTERN)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# Strict: without it pydantic takes true and "1" for numbers.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


_INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]")


def _instant(value: Any) -> Any:
    # pydantic would take a number for seconds since 1970.
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.match(value)):
        return value
    raise PydanticCustomError(
        "instant_format", "must be an instant with its offset, as 2026-04-01T09:00:00+01:00"
    )


# The last is far enough, and still an instant in every zone.
_FIRST_INSTANT: Final = datetime(1900, 1, 2, tzinfo=UTC)
_LAST_INSTANT: Final = datetime(2199, 12, 31, tzinfo=UTC)


def _instant_in_range(value: datetime) -> datetime:
    if not _FIRST_INSTANT <= value <= _LAST_INSTANT:
        raise PydanticCustomError(
            "date_out_of_range",
            f"must lie between {_FIRST_INSTANT.isoformat()} and {_LAST_INSTANT.isoformat()}",
        )
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_instant_in_range)]
_AMOUNT_PATTERN: Final = r"^[0-9]{1,10}(\.[0-9]{1,2})?$"
_AMOUNT = re.compile(_AMOUNT_PATTERN)


def _decimal_string(value: Any) -> Any:
    # JSON numbers are binary: 74.70 has no exact one.
    if not isinstance(value, str | Decimal) or not _AMOUNT.fullmatch(str(value)):
        raise PydanticCustomError(
            "amount", 'must be an amount as a decimal string with at most two decimals, as "74.70"'
        )
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal_string),
    AfterValidator(lambda amount: amount.quantize(Decimal("0.01"))),
    WithJsonSchema({"type": "string", "pattern": _AMOUNT_PATTERN, "examples": ["74.70"]}),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Input(BaseModel):
    """What a client sends: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Change(Input):
    """What a client changes: what is left out stays.

    So the description names no defaults: generated clients would send them, and overwrite what is there.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)


class Output(BaseModel):
    """What a client receives."""

    model_config = ConfigDict(from_attributes=True)
