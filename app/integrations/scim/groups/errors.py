"""What can go wrong with the groups of a directory."""

from app.core.errors import Conflict, Invalid, constraint

constraint(
    "uq_directory_membership_current",
    Conflict("Somebody else has just added this member. Try again.", code="member_exists"),
)


def pool_of_licences() -> Invalid:
    """A pool goes with the use `licences`, and with no other."""
    return Invalid.field(
        "/pool_id", "pool_of_licences", "name a pool with the use licences, and with no other"
    )


def unknown_pool() -> Invalid:
    """A pool is named, and the organisation has no such one."""
    return Invalid.field(
        "/pool_id", "unknown_pool", "There is no such pool. GET /licence-pools lists them."
    )
