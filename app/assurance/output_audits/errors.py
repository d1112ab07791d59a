"""What can go wrong with audits of output."""

from app.core.errors import Conflict, constraint


def nothing_to_draw() -> Conflict:
    return Conflict(
        "The list holds nothing of these days that was not drawn before. Load it first: POST …/outputs/bulk.",
        code="nothing_to_draw",
    )


def already_marked() -> Conflict:
    return Conflict(
        "This output has all the markings that it needs; a marking is not changed.",
        code="already_marked",
    )


def marked_by_you() -> Conflict:
    return Conflict(
        "You have marked this output already: the next marking is somebody else's.",
        code="marked_by_you",
    )


constraint("uq_output_marking_organisation_id_sampled_id_role", already_marked())
