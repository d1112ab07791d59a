"""What other domains check before a pilot takes a step: they stand above pilots, which do not know them."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.pilots.models import Pilot, PilotStatus

Guard = Callable[[AsyncSession, Principal, Pilot], Awaitable[None]]

_GUARDS: dict[PilotStatus, list[Guard]] = {}


def before(status: PilotStatus) -> Callable[[Guard], Guard]:
    """Have a check made before a pilot becomes this; it raises what keeps the pilot from it."""

    def register(guard: Guard) -> Guard:
        _GUARDS.setdefault(status, []).append(guard)
        return guard

    return register


async def check(session: AsyncSession, principal: Principal, pilot: Pilot, to: PilotStatus) -> None:
    """Make the checks of a step, while the pilot is held."""
    for guard in _GUARDS.get(to, ()):
        await guard(session, principal, pilot)
