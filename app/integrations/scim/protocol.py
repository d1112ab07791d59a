"""The protocol as this service speaks it: what it announces, what it tolerates, how it says no.

scim2-server knows the protocol and asks a storage for the resources (docs/decisions/0030).
"""

from typing import Any

from pydantic import ValidationError
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    Error,
    ETag,
    Filter,
    Pagination,
    Patch,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)
from scim2_server.responses import ScimResponse
from scim2_server.service import ModelT, ScimService, scim_exception_of

from app.core.errors import ProblemError
from app.integrations.scim.patches import as_the_protocol_has_it
from app.integrations.scim.resources import POLICY, Account, EnterpriseUser, Group, User

# On a page where the client names no number, and at most.
PAGE, LARGEST_PAGE = 100, 200

USERS = "User"

_KINDS = {400: "invalidValue", 409: "uniqueness", 422: "invalidValue"}

PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(Account), ResourceType.from_resource(Group)],
    config=ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=LARGEST_PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            index=True, cursor=False, default_page_size=PAGE, max_page_size=LARGEST_PAGE
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API key",
                description="Authorization: Bearer plk_…, a key with the scope scim:write.",
                primary=True,
            )
        ],
    ),
    policy=POLICY,
)


class Protocol(ScimService):
    """The library's rules, with the answers that Microsoft Entra expects and errors that repeat nothing."""

    def read_body(
        self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context
    ) -> ModelT:
        self.ensure_json(content_type)
        try:
            return model.model_validate_json(as_the_protocol_has_it(body), scim_ctx=scim_ctx)
        except ValidationError as error:
            refused = scim_exception_of(error)
            refused.context["at"] = _place(error)
            raise refused from None

    def patch_response(
        self,
        base_url: str,
        resource: Resource[Any],
        response_parameters: ResponseParameters[Any],
    ) -> ScimResponse:
        """Users are answered with what they are now; a group may have thousands of members: 204."""
        if resource.meta is not None and resource.meta.resource_type == USERS:
            return self.replacement_response(base_url, resource, response_parameters)
        return super().patch_response(base_url, resource, response_parameters)

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """The error as it is told: what the library would quote of the request may be personal."""
        if isinstance(exception, ProblemError):
            return _of_problem(exception)
        if not isinstance(exception, SCIMException):
            return Error(status=500, detail="Something went wrong on our side; it has been logged.")
        at = exception.context.get("at")
        detail = exception.context.get("told") or type(exception)().detail
        return Error(
            status=exception.status,
            scim_type=exception.scim_type or None,
            detail=f"{detail}: {at}" if at else detail,
        )


def _place(error: ValidationError) -> str:
    """Where a body is not as it should be, by the names of attributes."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return ".".join(str(part)[:100] for part in first["loc"] if "(" not in str(part))


def _of_problem(problem: ProblemError) -> Error:
    is_repeated = problem.code.startswith("idempotency_")
    return Error(
        status=400 if problem.status == 422 else problem.status,
        scim_type=None if is_repeated else _KINDS.get(problem.status),
        detail=problem.detail,
    )


PROTOCOL = Protocol(PROVIDER)
