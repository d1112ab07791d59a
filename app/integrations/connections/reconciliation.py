"""What another system tells of its licences, held against the seat ledger. Nothing follows from it by itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.integrations.connections import repository, service
from app.integrations.connections.models import ConnectionRun, LicenceFlag
from app.licences.pools import service as pools

_COUNTED = ("purchased", "assigned", "warning", "suspended", "locked_out", "leaving")


@dataclass(frozen=True, slots=True)
class Held:
    """Seats of a product in our ledger, over all its pools."""

    purchased: int = 0
    assigned: int = 0
    pools: int = 0


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A product on both sides; there None is not told."""

    product: str
    there: Mapping[str, int | None]
    here: Held
    flags: Sequence[LicenceFlag]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Licences as another system told them, beside the ledger of a day; no run where it never did."""

    as_of: date
    run: ConnectionRun | None
    products: Sequence[Reconciled]


async def reconciliation(
    session: AsyncSession, principal: Principal, connection_id: UUID
) -> Reconciliation:
    """What a connection was told last of licences, and the ledger of today.

    Raises:
        NotFound: there is no such connection.
    """
    connection = await service.find(session, principal, connection_id)
    today = clock.today(principal.organisation.zone)
    run = await repository.last_told(session, principal, connection.id)
    if run is None:
        return Reconciliation(today, None, [])
    here: dict[str, Held] = {}
    in_term = await pools.in_term(session, principal, today)
    for standing in await pools.standings(session, principal, in_term, today):
        held = here.get(standing.pool.product, Held())
        here[standing.pool.product] = Held(
            held.purchased + standing.purchased, held.assigned + standing.allocated, held.pools + 1
        )
    own = connection.settings.get("product")
    return Reconciliation(today, run, reconciled(run.licences or [], here, {own}))


def reconciled(
    told: Iterable[Mapping[str, Any]], here: Mapping[str, Held], always: Collection[Any]
) -> list[Reconciled]:
    """Products that both sides know, and those that are always compared, in order.

    Args:
        told: counts as another system told them; of one product there may be several.
        here: what the ledger holds, by product.
        always: products to compare though the ledger has none of them.
    """
    there: dict[str, dict[str, int | None]] = defaultdict(lambda: dict.fromkeys(_COUNTED))
    for count in told:
        of = there[count["product"]]
        for name in _COUNTED:
            if count.get(name) is not None:
                of[name] = (of[name] or 0) + count[name]
    return [
        Reconciled(product, counts, held, _flags(counts, held))
        for product, counts in sorted(there.items())
        if product in always or product in here
        for held in (here.get(product, Held()),)
    ]


def _flags(there: Mapping[str, int | None], here: Held) -> list[LicenceFlag]:
    bought, assigned = there["purchased"], there["assigned"] or 0
    found = []
    if not here.pools:
        found.append(LicenceFlag.NOT_IN_THE_LEDGER)
    if bought is not None and bought != here.purchased:
        found.append(LicenceFlag.PURCHASED_DIFFERS)
    if assigned != here.assigned:
        found.append(LicenceFlag.ASSIGNED_DIFFERS)
    if bought is not None and assigned > bought:
        found.append(LicenceFlag.NEGATIVE_HEADROOM)
    return found
