"""The route table as data, for tests that go through every route there is."""

from collections.abc import Iterator
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
    def scope(self) -> Scope | None:
        assert isinstance(self.route, ApiRoute)
        return self.route.access.scope

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def at(self, identity: str) -> str:
        """The path with every placeholder filled by one id."""
        parts = self.path.split("/")
        return "/".join(identity if part.startswith("{") else part for part in parts)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def every_route() -> Iterator[Route]:
    for prefix, _, router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods):
                yield Route(method, prefix + route.path_format, route)


ROUTES = tuple(every_route())
EVERY = {"argnames": "route", "argvalues": ROUTES, "ids": [str(route) for route in ROUTES]}
