"""`/health/live` (the process answers) and `/health/ready` (it can serve)."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from app.core.errors import Unavailable

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """The state of a probe."""

    status: str


@router.get("/live", include_in_schema=False)
async def live() -> Health:
    return Health(status="ok")


@router.get("/ready", include_in_schema=False)
async def ready(request: Request) -> Health:
    state = request.app.state
    if not await state.database.is_reachable():
        raise Unavailable("The database cannot be reached.", code="database_unavailable")
    behind = await state.schema.missing(state.database)
    if behind:
        raise Unavailable(
            "The database is older than this program. Run: pilotlight migrate",
            code="migration_needed",
            retry_after=30,
        )
    return Health(status="ok")
