"""What can go wrong with people."""

from app.core.errors import Conflict, FieldError, Invalid, constraint

_TAKEN = "Somebody is recorded under this external_id already. Change that person instead."

constraint(
    "uq_person_organisation_id_external_id",
    Conflict(_TAKEN, code="person_exists", errors=[FieldError("/external_id", "taken", _TAKEN)]),
)
constraint("ck_person_dates", Invalid("left_on lies before started_on", code="dates_out_of_order"))
