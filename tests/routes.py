"""The route table as data, for tests that go through every route there is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fastapi.routing import APIRoute

from app.access.permissions import Scope
from app.access.routing import ApiRoute
from app.api import ROUTERS


@dataclass(frozen=True)
class Route:
    """One method of one path below the prefix."""

    method: str
    path: str
    route: APIRoute

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """All of these are demanded; none where any key will do."""
        assert isinstance(self.route, ApiRoute)
        return self.route.access.scopes

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the ids in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def owned(self) -> tuple[str, ...]:
        """Those of them that an organisation owns: a job is everybody's."""
        return tuple(name for name in self.placeholders if name != "job")

    def at(self, identity: str) -> str:
        """The path with every placeholder filled by one id."""
        return self.of(dict.fromkeys(self.placeholders, identity))

    def of(self, ids: Mapping[str, str]) -> str:
        """The path with each placeholder filled by its own id."""
        return self.path.format_map(ids)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def every_route() -> Iterator[Route]:
    for prefix, _, router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods):
                yield Route(method, prefix + route.path_format, route)


# Answered to the lead of the pilot, and to no administrator.
LEADS_ALONE = frozenset(
    {
        "GET /pilots/{pilot_id}/feedback",
        "GET /pilots/{pilot_id}/time-samples",
        "GET /pilots/{pilot_id}/time-prompts",
        "GET /pilots/{pilot_id}/time-coverage/people",
        "GET /pilots/{pilot_id}/time-quality/days",
    }
)

# Refused to whoever wrote what it is about, an administrator too.
NOT_BY_WHO_WROTE = frozenset({"POST /pilots/{pilot_id}/benefits/{claim_id}/verifications"})

ROUTES = tuple(every_route())
EVERY = {"argnames": "route", "argvalues": ROUTES, "ids": [str(route) for route in ROUTES]}
