"""What can go wrong with taxonomies."""

from app.core.errors import Conflict, FieldError, Invalid, constraint

_TAKEN = "This version is recorded already, and cannot be changed. Choose another version."


def taken() -> Conflict:
    return Conflict(
        _TAKEN, code="taxonomy_exists", errors=[FieldError("/version", "taken", _TAKEN)]
    )


constraint("uq_time_use_taxonomy_organisation_id_version", taken())


def too_many(limit: int) -> Conflict:
    return Conflict(f"An organisation keeps at most {limit} versions.", code="too_many_taxonomies")


def unknown_version() -> Invalid:
    return Invalid.field(
        "/version",
        "unknown_taxonomy",
        "There is no such version. GET /time-use-taxonomies lists them.",
    )
