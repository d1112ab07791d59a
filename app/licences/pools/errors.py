"""What can go wrong with pools."""

from app.core.errors import Conflict, FieldError, Invalid, constraint

_TAKEN = "There is a pool of this name already. Choose another name, or change that pool."

constraint(
    "uq_licence_pool_organisation_id_name",
    Conflict(_TAKEN, code="pool_exists", errors=[FieldError("/name", "taken", _TAKEN)]),
)
constraint(
    "ck_licence_pool_term",
    Invalid("term_ends_on must lie after term_starts_on", code="dates_out_of_order"),
)
