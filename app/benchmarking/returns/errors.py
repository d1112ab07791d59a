"""What can go wrong with returns."""

from collections.abc import Sequence

from app.core.errors import Conflict, FieldError, Invalid, constraint


def already_open() -> Conflict:
    return Conflict(
        "There is a version of this year's return that is not submitted yet. Go on with that one.",
        code="return_open",
    )


constraint("uq_benchmark_return_organisation_id_year_version", already_open())


def submitted() -> Conflict:
    return Conflict(
        "What was submitted stays as it was. POST /benchmark-returns begins an amendment.",
        code="return_submitted",
    )


def not_checked() -> Conflict:
    return Conflict(
        "It has changed since it was checked, or never was. Check it first.",
        code="return_not_checked",
    )


def year_not_over(year: int) -> Conflict:
    return Conflict(
        f"The year ends on {year + 1}-03-31. It can be submitted after that: figures as they were, not plans.",
        code="year_not_over",
    )


def not_begun() -> Invalid:
    return Invalid.field("/year", "in_the_future", "The financial year has not begun.")


def reason_missing() -> Invalid:
    return Invalid.field(
        "/reason", "reason_missing", "Say why what was submitted is to be amended."
    )


def incomplete(problems: Sequence[FieldError]) -> Invalid:
    return Invalid(
        "Some answers are missing or cannot be right.", code="return_wrong", errors=problems
    )
