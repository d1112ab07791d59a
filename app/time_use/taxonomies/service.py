"""Rules about taxonomies: recorded once, chosen by a pilot, looked codes up in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.errors import existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery, page_of
from app.pilots import service as pilots
from app.pilots.models import Pilot, PilotKind
from app.time_use.taxonomies import errors, repository
from app.time_use.taxonomies.built_in import BUILT_IN, OFFICE, SOCIAL_CARE
from app.time_use.taxonomies.codebook import Codebook
from app.time_use.taxonomies.models import PilotTaxonomy, Taxonomy
from app.time_use.taxonomies.schemas import Category, Mapping, TaxonomyIn

MAX_TAXONOMIES = 100

_OF_KIND = {
    PilotKind.SOCIAL_CARE: SOCIAL_CARE.version,
    PilotKind.COPILOT_LICENCES: OFFICE.version,
    PilotKind.OTHER: OFFICE.version,
}


@dataclass(frozen=True, slots=True)
class Version:
    """A version of categories and mappings; `created_at` None for one that comes with Pilotlight."""

    version: str
    name: str
    categories: list[Category]
    mappings: list[Mapping]
    created_at: datetime | None = None

    @property
    def codebook(self) -> Codebook:
        return Codebook(self.categories, self.mappings)


_BUILT_IN = {
    each.version: Version(each.version, each.name, each.categories, each.mappings)
    for each in BUILT_IN.values()
}


def _version(row: Taxonomy) -> Version:
    return Version(
        row.version,
        row.name,
        [Category.model_validate(category) for category in row.categories],
        [Mapping.model_validate(mapping) for mapping in row.mappings],
        row.created_at,
    )


async def create(session: AsyncSession, principal: Principal, wanted: TaxonomyIn) -> Version:
    """Record a version.

    Raises:
        Conflict: there is a version of this name, or there are too many.
    """
    known = {row.version for row in await repository.recorded(session, principal)}
    if wanted.version in known or wanted.version in BUILT_IN:
        raise errors.taken()
    if len(known) >= MAX_TAXONOMIES:
        raise errors.too_many(MAX_TAXONOMIES)
    row = Taxonomy(
        organisation_id=principal.organisation_id,
        principal_id=principal.id,
        **wanted.model_dump(mode="json", by_alias=True),
    )
    session.add(row)
    await session.flush()
    await audit_log.record(
        session, principal, "taxonomy.created", row.id, details={"version": row.version}
    )
    return _version(row)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[Version], str | None]:
    """Those that come with Pilotlight, then the organisation's own, oldest first."""
    own = [_version(row) for row in await repository.recorded(session, principal)]
    return page_of([*_BUILT_IN.values(), *own], query)


async def get(session: AsyncSession, principal: Principal, version: str) -> Version:
    """One version.

    Raises:
        NotFound: there is none of this name.
    """
    return existing(await _find(session, principal, version), "taxonomy")


async def _find(session: AsyncSession, principal: Principal, version: str) -> Version | None:
    if version in _BUILT_IN:
        return _BUILT_IN[version]
    row = await repository.find(session, principal, version)
    return _version(row) if row is not None else None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The version that a pilot's samples are read with, and the ETag of the choice."""

    taxonomy: Version
    etag: str


async def chosen(session: AsyncSession, principal: Principal, pilot_id: UUID) -> Chosen:
    """The version that a pilot's samples are read with, and the ETag of the choice.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    choice = await repository.of_pilot(session, principal, pilot.id)
    return Chosen(await get(session, principal, _name(pilot, choice)), _etag(pilot, choice))


async def of_pilot(session: AsyncSession, principal: Principal, pilot: Pilot) -> Version:
    """The version that a pilot's samples are read with: the one chosen, else that of its kind."""
    choice = await repository.of_pilot(session, principal, pilot.id)
    return await get(session, principal, _name(pilot, choice))


async def chosen_or_usual(
    session: AsyncSession, principal: Principal, pilot: Pilot, version: str | None
) -> Version:
    """The same, where the version that is chosen is known; None: none is."""
    return await get(session, principal, version or _OF_KIND[pilot.kind])


def _name(pilot: Pilot, choice: PilotTaxonomy | None) -> str:
    return choice.version if choice else _OF_KIND[pilot.kind]


def _etag(pilot: Pilot, choice: PilotTaxonomy | None) -> str:
    return etag_of(pilot.id, choice.revision if choice else 0)


async def choose(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    version: str,
    if_match: str | None,
) -> Chosen:
    """Read a pilot's samples with a version from now on. All of its figures follow.

    Raises:
        NotFound: there is no such pilot within reach.
        PreconditionFailed: another has been chosen since the caller looked.
        Invalid: there is no such version.
    """
    pilot = await pilots.get(session, principal, pilot_id, for_update=True)
    choice = await repository.of_pilot(session, principal, pilot.id)
    check_if_match(if_match, _etag(pilot, choice))
    found = await _find(session, principal, version)
    if found is None:
        raise errors.unknown_version()
    details = {"from": _name(pilot, choice), "to": version}
    if choice is None:
        owner = principal.organisation_id
        choice = PilotTaxonomy(organisation_id=owner, pilot_id=pilot.id, version=version)
        session.add(choice)
        await session.flush()
    elif choice.version != version:
        choice.version = version
        choice.touch()
    await audit_log.record(session, principal, "pilot.taxonomy_chosen", pilot.id, details=details)
    return Chosen(found, _etag(pilot, choice))
