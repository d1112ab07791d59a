"""What can go wrong with saved mappings."""

from app.core.errors import Conflict, FieldError, Invalid, constraint

_TAKEN = "There is a mapping of this name already. Change that one, or choose another name."


def taken() -> Conflict:
    return Conflict(_TAKEN, code="mapping_exists", errors=[FieldError("/name", "taken", _TAKEN)])


constraint("uq_import_mapping_organisation_id_name", taken())


def too_many(limit: int) -> Conflict:
    return Conflict(f"An organisation keeps at most {limit} mappings.", code="too_many_mappings")


def built_in() -> Conflict:
    return Conflict(
        "This mapping comes with Pilotlight and stays as it is. Save one of your own.",
        code="mapping_built_in",
    )


def unknown() -> Invalid:
    detail = "There is no such mapping. GET /import-mappings lists them."
    return Invalid.field("/mapping", "unknown_mapping", detail)


def of_another_kind(kind: str) -> Invalid:
    detail = f"This mapping is for files of another kind: {kind}."
    return Invalid.field("/mapping", "mapping_of_another_kind", detail)
