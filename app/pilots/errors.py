"""What can go wrong with pilots."""

from app.core.errors import Conflict, FieldError, Invalid, constraint

_TAKEN = "Another pilot has this code. Choose a different one."
_ORDER = "The pilot's dates are not in order."

constraint(
    "uq_pilot_organisation_id_code",
    Conflict(_TAKEN, code="pilot_exists", errors=[FieldError("/code", "taken", _TAKEN)]),
)
constraint("ck_pilot_window", Invalid(_ORDER, code="dates_out_of_order"))
constraint("ck_pilot_baseline", Invalid(_ORDER, code="dates_out_of_order"))
