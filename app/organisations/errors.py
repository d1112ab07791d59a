"""What can go wrong with organisations."""

from app.core.errors import Conflict, FieldError, constraint

_DETAIL = "Another organisation has this name. Choose a different one."

constraint(
    "uq_organisation_name",
    Conflict(
        _DETAIL, code="organisation_name_taken", errors=[FieldError("/name", "taken", _DETAIL)]
    ),
)
