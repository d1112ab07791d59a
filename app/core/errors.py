"""One family of errors: each knows its HTTP status, a stable code and the way out.

Rendered as RFC 9457 problems in `core/problems.py`. `errors` never hold a value that was submitted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

Found = TypeVar("Found")


class ConfigurationError(Exception):
    """The process cannot start as it is configured; the message says what to change."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field, found by its JSON pointer."""

    pointer: str
    code: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


class ProblemError(Exception):
    """An answer that is not a success.

    Args:
        detail: one sentence for the person who reads it: what is wrong and the way out.
        code: a stable code that programs may rely on; the class's own by default.
        errors: what is wrong field by field.
        headers: sent with the answer.
        extra: further members of the problem document.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    default_code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


class BadRequest(ProblemError):
    status, title, default_code = 400, "Bad request", "bad_request"


class Unauthenticated(ProblemError):
    status, title, default_code = 401, "Not authenticated", "unauthenticated"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ProblemError):
    status, title, default_code = 403, "Forbidden", "forbidden"


class NotFound(ProblemError):
    status, title, default_code = 404, "Not found", "not_found"


def existing(found: Found | None, what: str) -> Found:
    """What was looked for, where there is any.

    Raises:
        NotFound: there is none within reach.
    """
    if found is None:
        raise NotFound(f"There is no such {what}.")
    return found


class Conflict(ProblemError):
    status, title, default_code = 409, "Conflict", "conflict"


class PreconditionFailed(ProblemError):
    status, title, default_code = 412, "Precondition failed", "precondition_failed"


class BodyTooLarge(ProblemError):
    status, title, default_code = 413, "Body too large", "body_too_large"


class UnsupportedMediaType(ProblemError):
    status, title, default_code = 415, "Unsupported media type", "unsupported_media_type"


class Invalid(ProblemError):
    status, title, default_code = 422, "Invalid input", "invalid"

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> "Invalid":
        """A single field that is wrong."""
        return cls(detail, code=code, errors=[FieldError(pointer, code, detail)])


class PreconditionRequired(ProblemError):
    status, title, default_code = 428, "Precondition required", "precondition_required"


class Unavailable(ProblemError):
    status, title, default_code = 503, "Temporarily unavailable", "unavailable"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(detail, code=code, headers={"Retry-After": str(retry_after)})


# --- what a broken constraint of the database means to the person who sent the row --------------

_CONSTRAINTS: dict[str, ProblemError] = {}


def constraint(name: str, problem: ProblemError) -> None:
    """Declare what a violation of the named constraint is answered with (see each domain's `errors`)."""
    _CONSTRAINTS[name] = problem


def problem_of_constraint(name: str | None) -> ProblemError | None:
    """The declared answer for a constraint, if any."""
    return _CONSTRAINTS.get(name) if name else None
