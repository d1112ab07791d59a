"""`pilotlight verify-audit`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app import terminal
from app.access.principals import Principal
from app.audit_log.seals import service
from app.audit_log.seals.chain import Difference, Kind
from app.audit_log.seals.checkpoints import (
    Checkpoint,
    NotACheckpoint,
    Signer,
    UnknownKey,
    expected_of,
)
from app.audit_log.seals.service import Verified
from app.cli import databases
from app.core.database import Database
from app.core.errors import Invalid
from app.core.settings import get_settings
from app.organisations import service as organisations
from app.organisations.models import Organisation

_WORDS = {
    Kind.EVENT_MISSING: "the event is gone",
    Kind.EVENT_CHANGED: "the event is not the one that was sealed",
    Kind.SEAL_MISSING: "the seal is gone",
    Kind.CHECKPOINT_DIFFERS: "a checkpoint has another hash: the chain was made anew from here",
    Kind.CHECKPOINT_FORGED: "the stored checkpoint is not as it was signed",
    Kind.TRUNCATED: "the chain ends before here, and was longer",
    Kind.EVENT_INSERTED: "the event was put in beside the service",
}


def verify_audit(
    organisation: Annotated[
        str | None, typer.Option(help="The organisation's name; all of them by default.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A file of checkpoints that was kept elsewhere; may be repeated."),
    ] = None,
) -> None:
    """Show that the audit log is as it was sealed. Exit status 1: it is not, or cannot be shown."""
    signer = Signer.of(get_settings())
    kept = [each for path in checkpoint or [] for each in _read(path, signer)]

    async def work(database: Database) -> list[tuple[Organisation, Verified]]:
        await databases.check_migrated(database)
        async with database.transaction(read_only=True) as session:
            owners = await organisations.every(session)
        if organisation is not None:
            owners = [await databases.organisation_named(database, organisation)]
        return [(owner, await _verify(database, owner, signer, kept)) for owner in owners]

    found = databases.run(databases.with_database(get_settings(), work))
    # Each of them is told, whatever the first is like.
    told = [_told(owner, verified, checkpoint, kept) for owner, verified in found]
    is_shown = all(told)
    strangers = {each.organisation_id for each in kept} - {o.organisation_id for o, _ in found}
    if strangers and organisation is None:
        is_shown = False
        for stranger in sorted(map(str, strangers)):
            terminal.out.print(f"{stranger}: has checkpoints, and is not in this database")
    if not is_shown:
        raise typer.Exit(1)


async def _verify(
    database: Database, owner: Organisation, signer: Signer, kept: Sequence[Checkpoint]
) -> Verified:
    expected = expected_of(_of(owner.organisation_id, kept))
    async with database.transaction(read_only=True) as session:
        return await service.verify(session, Principal.system(owner), signer, kept=expected)


def _of(organisation_id: UUID, kept: Sequence[Checkpoint]) -> list[Checkpoint]:
    return [each for each in kept if each.organisation_id == organisation_id]


def _told(
    owner: Organisation,
    verified: Verified,
    files: Sequence[Path] | None,
    kept: Sequence[Checkpoint],
) -> bool:
    """Tell how it is; whether it is as it should be."""
    own = len(_of(owner.organisation_id, kept))
    if verified.difference is not None:
        terminal.out.print(f"{owner.name}: {_sentence(verified.difference)}", highlight=False)
        return False
    told = f"{owner.name}: {verified.through} events are as they were sealed"
    told += f"; {own + verified.checkpoints} checkpoints agree, {own} of them kept elsewhere"
    is_shown = not files or own > 0 or verified.through == 0
    if not is_shown:
        told += ", so a chain made anew would not be seen"
    terminal.out.print(told, highlight=False)
    return is_shown


def _sentence(found: Difference) -> str:
    where = f"position {found.position}" if found.position is not None else "beside the chain"
    event = f" (event {found.event_id})" if found.event_id is not None else ""
    return f"{found.kind.value} at {where}{event}: {_WORDS[found.kind]}"


def _read(path: Path, signer: Signer) -> list[Checkpoint]:
    """The checkpoints of a file.

    Raises:
        Invalid: there is no such file, or a line of it is no checkpoint that a listed key has signed.
    """
    if not path.is_file():
        raise Invalid(f"There is no file {path}.", code="no_such_file")
    found = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        try:
            if line.strip():
                found.append(signer.verify(line.strip()))
        except UnknownKey:
            detail = f"Line {number} of {path.name} is signed with a key that PILOTLIGHT_SEALING_KEYS does not list."
            raise Invalid(detail, code="unknown_key") from None
        except NotACheckpoint:
            detail = f"Line {number} of {path.name} is no checkpoint, or not as it was signed."
            raise Invalid(detail, code="not_a_checkpoint") from None
    return found
