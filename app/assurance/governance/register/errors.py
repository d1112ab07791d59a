"""What can go wrong with the register."""

from app.core.errors import Conflict, Invalid, constraint


def kind_taken() -> Conflict:
    return Conflict(
        "The pilot has an item of this kind already. Change that one: PATCH …/register/{item_id}.",
        code="item_exists",
    )


def kind_differs() -> Invalid:
    return Invalid.field(
        "/content/kind", "kind_differs", "An item stays of its kind. Make another: POST …/register."
    )


constraint("uq_register_item_kind", kind_taken())
