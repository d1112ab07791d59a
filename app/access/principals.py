"""Who acts: the holder of a key, a person or program of an identity provider, or the system itself."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.access.permissions import Role, Scope
from app.organisations.models import Organisation

SYSTEM_ID = UUID(int=0)


class PrincipalKind(StrEnum):
    """What kind of actor a principal is."""

    API_KEY = "api_key"
    PERSON = "person"
    PROGRAM = "program"
    UNKNOWN = "unknown"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Principal:
    """An actor within one organisation, and what it may do there."""

    organisation: Organisation
    kind: PrincipalKind
    id: UUID
    scopes: frozenset[Scope]
    role: Role | None = None
    person_id: UUID | None = None

    @property
    def organisation_id(self) -> UUID:
        return self.organisation.organisation_id

    @property
    def only_own_pilots(self) -> bool:
        """A pilot lead reaches the pilots that it leads or made, and no others."""
        return self.role is Role.PILOT_LEAD

    def may(self, *scopes: Scope) -> bool:
        return Scope.ADMIN in self.scopes or self.scopes.issuperset(scopes)

    @classmethod
    def system(cls, organisation: Organisation) -> "Principal":
        """The command line and the jobs: whoever starts them holds the database anyway."""
        return cls(organisation, PrincipalKind.SYSTEM, SYSTEM_ID, frozenset(Scope))

    @classmethod
    def anybody(cls, organisation: Organisation) -> "Principal":
        """Whoever reads what is published: every pilot, figures, and no named row behind them."""
        scopes = frozenset({Scope.PILOTS_READ, Scope.METRICS_READ})
        return cls(organisation, PrincipalKind.SYSTEM, SYSTEM_ID, scopes)

    @classmethod
    def unknown(cls, organisation: Organisation) -> "Principal":
        """Somebody who was not let in, for the audit log: may nothing."""
        return cls(organisation, PrincipalKind.UNKNOWN, SYSTEM_ID, frozenset())
