"""The one scoping helper: every read of a tenant's table starts here.

What is outside it does not exist for the caller: 404, never 403.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import col, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from app.access.principals import Principal
from app.core.models import TenantRow

Row = TypeVar("Row", bound=TenantRow)


def within(principal: Principal, model: type[TenantRow]) -> list[ColumnElement[bool]]:
    """The conditions that keep a statement on `model` within the principal's reach.

    A model of which some principals reach a part only says so in a class method `reach(principal)`.
    """
    conditions: list[ColumnElement[bool]] = [
        col(model.organisation_id) == principal.organisation_id
    ]
    reach = getattr(model, "reach", None)
    narrower = reach(principal) if reach is not None else None
    if narrower is not None:
        conditions.append(narrower)
    return conditions


def scoped(principal: Principal, model: type[Row]) -> SelectOfScalar[Row]:
    """All rows of `model` that the principal may reach."""
    return select(model).where(*within(principal, model))


def scoped_columns(
    principal: Principal, model: type[TenantRow], *columns: Any
) -> Select[*tuple[Any, ...]]:
    """The same for some columns, or aggregates, of `model`."""
    statement: Select[*tuple[Any, ...]] = Select(*columns).select_from(model)
    return statement.where(*within(principal, model))


def scoped_once(model: type[TenantRow], *columns: Any) -> Select[*tuple[Any, ...]]:
    """The same, to be built once and run with `of(principal)`: for what is asked all the time.

    Raises:
        TypeError: some principals reach a part of the model only.
    """
    if hasattr(model, "reach"):
        raise TypeError(f"who reaches what of {model.__name__} depends on who asks")
    statement: Select[*tuple[Any, ...]] = Select(*columns).select_from(model)
    return statement.where(col(model.organisation_id) == bindparam("of_organisation"))


def of(principal: Principal, **values: Any) -> dict[str, Any]:
    """The parameters of a statement that is built once."""
    return {"of_organisation": principal.organisation_id, **values}
