"""What can go wrong with policies."""

from app.core.errors import Conflict, FieldError, constraint


def version_open(version: int) -> Conflict:
    return Conflict(
        f"Version {version} of this policy is not published yet. Publish or withdraw it first.",
        code="policy_version_open",
    )


def is_fixed() -> Conflict:
    return Conflict(
        "What an approved policy says does not change. Make a new version: POST /policies.",
        code="policy_is_fixed",
    )


_SAME = (
    "Somebody has made this version of the policy at the same moment. GET it, and go on from there."
)
constraint(
    "uq_policy_organisation_id_code_version",
    Conflict(_SAME, code="policy_exists", errors=[FieldError("/code", "taken", _SAME)]),
)
constraint("uq_policy_published", Conflict(_SAME, code="policy_exists"))
