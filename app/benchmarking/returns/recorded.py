"""What is recorded of a year, as anybody may see it: what several questions need, read once."""

from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.benchmarking.returns.answers import Provenance
from app.benefits import service as benefits
from app.benefits.models import BenefitClaim
from app.core import clock
from app.core.pagination import MAX_LIMIT, PageQuery
from app.core.periods import DAY, Window
from app.metrics.utilisation import service as utilisation
from app.metrics.utilisation.service import UtilisationAnswer
from app.pilots import service as pilots
from app.pilots.models import Pilot, PilotStatus

_CARRIED_OUT: Final = (PilotStatus.RUNNING, PilotStatus.COMPLETED, PilotStatus.DECIDED)


class Recorded:
    """A year, and what is recorded of it."""

    def __init__(self, session: AsyncSession, principal: Principal, year: Window) -> None:
        self.session = session
        self.principal = Principal.anybody(principal.organisation)
        self.year = year
        self.today = clock.today(principal.organisation.zone)
        self._begun: list[Pilot] | None = None
        self._claims: list[BenefitClaim] | None = None
        self._terms: list[UtilisationAnswer] | None = None

    async def pilots_begun(self) -> list[Pilot]:
        """The pilots whose window begins in the year."""
        if self._begun is None:
            over = await pilots.over(self.session, self.principal, self.year)
            self._begun = [
                each for each in over if each.starts_on in self.year and each.status in _CARRIED_OUT
            ]
        return self._begun

    async def terms_begun(self) -> list[UtilisationAnswer]:
        """The use of each pool over its whole term, of those whose term begins in the year."""
        if self._terms is None:
            page, whole = PageQuery(limit=MAX_LIMIT), utilisation.Question()
            every, _ = await utilisation.of_every_pool(self.session, self.principal, page, whole)
            self._terms = [each for each in every if each.pools[0].term_starts_on in self.year]
        return self._terms

    async def claims(self) -> list[BenefitClaim]:
        """The claims of benefits that count on a day of the year."""
        if self._claims is None:
            self._claims = await benefits.counting_in(self.session, self.principal, self.year)
        return self._claims

    @property
    def day(self) -> date:
        """The last day of the year, or today before that."""
        return min(self.today, self.year.ends_on - DAY)

    def provenance(
        self, source: str, about: list[str], as_of: date, tier: int | None = None
    ) -> Provenance:
        """Where an answer about the whole year is from that no figure with a definition gives."""
        return Provenance(
            source=source,
            figures={},
            starts_on=self.year.starts_on.isoformat(),
            ends_on=self.year.ends_on.isoformat(),
            as_of=as_of.isoformat(),
            people=None,
            evidence_tier=tier,
            about=about,
        )
