"""`/connections`: other systems that rows are read from, and how that went."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from app.access.permissions import Scope
from app.access.routing import (
    ApiRoute,
    Caller,
    IfMatch,
    OutwardRoute,
    Session,
    Store,
    requires,
)
from app.core.encryption import Vault
from app.core.pagination import Page, PageRequest
from app.integrations.connections import reconciliation, service, trying
from app.integrations.connections.catalogue import KINDS
from app.integrations.connections.schemas import (
    ConnectionChange,
    ConnectionFileOut,
    ConnectionIn,
    ConnectionKindList,
    ConnectionKindOut,
    ConnectionOut,
    ConnectionRunOut,
    DryRunOut,
    LicenceCountOut,
    LicencesHeld,
    ReconciledOut,
    ReconciliationOut,
)
from app.integrations.connections.service import Known

router = APIRouter(route_class=ApiRoute)
outward_router = APIRouter(route_class=OutwardRoute)
kinds_router = APIRouter(route_class=ApiRoute)

CONNECTION = "/{connection_id}"


async def _vault(request: Request) -> Vault:
    return Vault.of(request.app.state.settings)


Keys = Annotated[Vault, Depends(_vault)]


def _answer(known: Known, response: Response | None = None) -> ConnectionOut:
    if response is not None:
        response.headers["ETag"] = known.etag
    row = known.connection
    stated = row.model_dump(include=set(ConnectionOut.model_fields))
    run = known.last_run
    return ConnectionOut(
        **stated,
        connection_id=row.id,
        secret_names=known.secret_names,
        last_run=ConnectionRunOut.model_validate(run) if run is not None else None,
    )


@kinds_router.get("", dependencies=[requires(Scope.ADMIN)])
async def list_connection_kinds() -> ConnectionKindList:
    """Every kind of connection: what it brings, its settings and its secrets."""
    return ConnectionKindList(
        items=[
            ConnectionKindOut(
                kind=kind.name,
                title=kind.title,
                what=kind.what,
                settings_schema=kind.settings.model_json_schema(),
                secrets=dict(kind.secrets),
                accounts=kind.accounts,
            )
            for _, kind in sorted(KINDS.items())
        ]
    )


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.ADMIN)])
async def create_connection(
    wanted: ConnectionIn, response: Response, session: Session, principal: Caller, keys: Keys
) -> ConnectionOut:
    """Set a connection up. Its secrets are kept encrypted, and are in no answer."""
    known = await service.create(session, principal, keys, wanted)
    response.headers["Location"] = f"/api/v1/connections/{known.connection.id}"
    return _answer(known, response)


@router.get("", dependencies=[requires(Scope.ADMIN)])
async def list_connections(
    session: Session, principal: Caller, keys: Keys, page: PageRequest
) -> Page[ConnectionOut]:
    """The organisation's connections, with how each went last."""
    found, cursor = await service.page(session, principal, keys, page)
    return Page(items=[_answer(each) for each in found], next_cursor=cursor)


@outward_router.post(f"{CONNECTION}/dry-run", dependencies=[requires(Scope.ADMIN)])
async def dry_run_connection(connection_id: UUID, store: Store, principal: Caller) -> DryRunOut:
    """Ask the other system for its first pages, and say what would become of them; nothing is written."""
    dry = await trying.try_out(store, principal, connection_id)
    return DryRunOut.model_validate(trying.as_logged(dry))


@router.post(
    f"{CONNECTION}/runs",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[requires(Scope.ADMIN)],
)
async def request_connection_run(
    connection_id: UUID,
    response: Response,
    session: Session,
    principal: Caller,
    full: Annotated[
        bool, Query(description="Read everything again, not only what has changed.")
    ] = False,
) -> ConnectionRunOut:
    """Ask for a run. The scheduler begins it with its next tick; `Location` says where to watch it."""
    run = await service.request_run(session, principal, connection_id, is_full=full)
    response.headers["Location"] = f"/api/v1/connections/{connection_id}/runs/{run.id}"
    return ConnectionRunOut.model_validate(run)


@router.get(f"{CONNECTION}/runs", dependencies=[requires(Scope.ADMIN)])
async def list_connection_runs(
    connection_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[ConnectionRunOut]:
    """Runs of a connection, newest first; those that ended more than 90 days ago are forgotten."""
    rows, cursor = await service.run_page(session, principal, connection_id, page)
    return Page(items=[ConnectionRunOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(f"{CONNECTION}/runs/{{connection_run_id}}", dependencies=[requires(Scope.ADMIN)])
async def get_connection_run(
    connection_id: UUID, connection_run_id: UUID, session: Session, principal: Caller
) -> ConnectionRunOut:
    """One run; its counts move while it runs."""
    run = await service.get_run(session, principal, connection_id, connection_run_id)
    return ConnectionRunOut.model_validate(run)


@router.get(f"{CONNECTION}/files", dependencies=[requires(Scope.ADMIN)])
async def list_connection_files(
    connection_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[ConnectionFileOut]:
    """Files that a connection has taken, and those in quarantine with the reason."""
    rows, cursor = await service.file_page(session, principal, connection_id, page)
    return Page(items=[ConnectionFileOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(
    f"{CONNECTION}/reconciliation",
    dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)],  # as for seats that are held
)
async def get_connection_reconciliation(
    connection_id: UUID, session: Session, principal: Caller
) -> ReconciliationOut:
    """Where licences as the other system told them last and the seat ledger differ; nothing is changed."""
    found = await reconciliation.reconciliation(session, principal, connection_id)
    return ReconciliationOut(
        as_of=found.as_of,
        connection_run_id=found.run.id if found.run is not None else None,
        told_at=found.run.seen_at if found.run is not None else None,
        products=[
            ReconciledOut(
                product=each.product,
                there=LicenceCountOut.model_validate({"product": each.product, **each.there}),
                here=LicencesHeld.model_validate(each.here),
                flags=list(each.flags),
            )
            for each in found.products
        ],
    )


@router.get(CONNECTION, dependencies=[requires(Scope.ADMIN)])
async def get_connection(
    connection_id: UUID, response: Response, session: Session, principal: Caller, keys: Keys
) -> ConnectionOut:
    """One connection."""
    return _answer(await service.get(session, principal, keys, connection_id), response)


@router.patch(CONNECTION, dependencies=[requires(Scope.ADMIN)])
async def change_connection(
    connection_id: UUID,
    changes: ConnectionChange,
    response: Response,
    session: Session,
    principal: Caller,
    keys: Keys,
    if_match: IfMatch = None,
) -> ConnectionOut:
    """Change a connection; settings and secrets as a whole. With other settings all is read again."""
    changed = await service.change(session, principal, keys, connection_id, changes, if_match)
    return _answer(changed, response)


@router.delete(
    CONNECTION, status_code=status.HTTP_204_NO_CONTENT, dependencies=[requires(Scope.ADMIN)]
)
async def delete_connection(
    connection_id: UUID, session: Session, principal: Caller, if_match: IfMatch = None
) -> None:
    """Forget a connection, its secrets and its runs; what it brought stays."""
    await service.delete(session, principal, connection_id, if_match)
