"""The library's handler, with the one operation that it would do at the cost of the whole group."""

from typing import Any

from scim2_models import PatchOp, Resource, ResourceType
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from app.integrations.scim.moves import moves_of
from app.integrations.scim.protocol import PROTOCOL
from app.integrations.scim.storage import DirectoryStorage

_TOLD = frozenset({"attributes", "excludedAttributes"})


class DirectoryHandler(AsyncScimHandler):
    """Serves one request of the protocol."""

    def __init__(self, storage: DirectoryStorage) -> None:
        super().__init__(PROTOCOL, storage)
        self._directory = storage
        self._tells_members = False

    async def patch(self, request: ScimRequest) -> ScimResponse:
        # Whoever asks for attributes gets the group as it then is, which is read whole.
        self._tells_members = not _TOLD.isdisjoint(request.query)
        return await super().patch(request)

    async def patch_resource(
        self,
        resource_type: ResourceType,
        resource_id: str,
        patch_op: "PatchOp[Any]",  # the library refuses Any when it is run
        conditions: Conditions,
    ) -> Resource[Any]:
        moves = None
        if resource_type.name == "Group" and not self._tells_members:
            moves = moves_of(patch_op.operations or ())
        if moves is None:
            return await super().patch_resource(resource_type, resource_id, patch_op, conditions)
        group = await self._directory.without_members(resource_id)
        self.service.check_preconditions(group, "PATCH", conditions)
        return await self._directory.move_members(resource_id, moves)
