"""Strong ETags from a row's revision, and the preconditions that go with them."""

from uuid import UUID

from app.core.errors import PreconditionFailed, PreconditionRequired


def etag_of(identity: UUID, revision: int) -> str:
    """The strong ETag of a row at a revision."""
    return f'"{identity.hex}-{revision}"'


def check_if_match(if_match: str | None, current: str, *, required: bool = False) -> None:
    """Hold a change against the version that the client has seen (RFC 9110, 13.1.1).

    Raises:
        PreconditionRequired: `required` and no If-Match.
        PreconditionFailed: the resource has changed since.
    """
    if if_match is None:
        if required:
            raise PreconditionRequired(
                "Send If-Match with the ETag of your last GET, so that nobody's change is lost."
            )
        return
    candidates = {candidate.strip() for candidate in if_match.split(",")}
    if "*" not in candidates and current not in candidates:
        raise PreconditionFailed(
            "It has changed since you read it. GET it again, and repeat the change on that."
        )
