"""What can go wrong with connections."""

from collections.abc import Sequence

from app.core.errors import Conflict, FieldError, Invalid, NotFound, constraint

_TAKEN = "There is a connection of this name already. Change that one, or choose another name."


def taken() -> Conflict:
    return Conflict(_TAKEN, code="connection_exists", errors=[FieldError("/name", "taken", _TAKEN)])


constraint("uq_connection_organisation_id_name", taken())


def too_many(limit: int) -> Conflict:
    detail = f"An organisation keeps at most {limit} connections."
    return Conflict(detail, code="too_many_connections")


def missing() -> NotFound:
    return NotFound("There is no such connection.")


def unknown_kind(known: list[str]) -> Invalid:
    detail = f"There is no such kind of connection. Those there are: {', '.join(known)}."
    return Invalid.field("/kind", "unknown_kind", detail)


def pilot_needed() -> Invalid:
    detail = "Time samples belong to a pilot: name it by pilot_id."
    return Invalid.field("/pilot_id", "pilot_missing", detail)


def no_pilot_needed() -> Invalid:
    detail = "What this connection brings belongs to no pilot: leave pilot_id out."
    return Invalid.field("/pilot_id", "pilot_not_needed", detail)


def wrong_settings(kind: str, found: Sequence[FieldError]) -> Invalid:
    """What is wrong with settings, told about each; which there are depends on the kind."""
    return Invalid(
        f"These are not settings of the kind {kind}. GET /connection-kinds describes them.",
        code="wrong_settings",
        errors=[FieldError(each.pointer, "wrong_setting", each.detail) for each in found],
    )


def wrong_secrets(wanted: list[str], *, either: bool = False) -> Invalid:
    needed = "one of them" if either else "each"
    detail = (
        f"This kind of connection has these secrets, and {needed} is needed: {', '.join(wanted)}."
    )
    return Invalid.field("/secrets", "wrong_secrets", detail)


def no_accounts(what: str) -> Invalid:
    detail = f"This kind of connection has one secret or more, named by {what}."
    return Invalid.field("/secrets", "wrong_secrets", detail)


def unknown_pilot() -> Invalid:
    detail = "There is no such pilot. GET /pilots lists them."
    return Invalid.field("/pilot_id", "unknown_pilot", detail)
