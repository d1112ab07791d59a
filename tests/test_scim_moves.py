"""A group's PATCH that is understood without its members comes to what the library makes of it with them."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scim2_models import Context, PatchOp

from app.integrations.scim.moves import moves_of
from app.integrations.scim.patches import as_the_protocol_has_it
from app.integrations.scim.protocol import PROVIDER
from app.integrations.scim.resources import Group, GroupMember
from tests.council import Council
from tests.scim import create_group, create_user, directory, operations, refused, said

IDS = st.sampled_from("abcde")
_MEMBERS = st.lists(IDS, min_size=1, max_size=4).map(lambda ids: [{"value": i} for i in ids])
_ADDS = st.builds(
    lambda op, path, members: {"op": op, "path": path, "value": members},
    st.sampled_from(["add", "Add"]),
    st.sampled_from(["members", "Members", "urn:ietf:params:scim:schemas:core:2.0:Group:members"]),
    _MEMBERS,
)
_ADDS_WITHOUT_PATH = _MEMBERS.map(lambda members: {"op": "add", "value": {"members": members}})
_REMOVES = IDS.map(lambda one: {"op": "remove", "path": f'members[value eq "{one}"]'})
_REMOVES_BY_VALUE = _MEMBERS.map(
    lambda members: {
        "op": "Remove",
        "path": "members",
        "value": [{**m, "$ref": None} for m in members],
    }
)
_OTHERS = st.sampled_from(
    [
        {"op": "remove", "path": "members"},
        {"op": "replace", "path": "members", "value": [{"value": "a"}]},
        {"op": "replace", "path": "displayName", "value": "x"},
        {"op": "remove", "path": 'members[value sw "a"]'},
        {"op": "add", "value": {"displayName": "x", "members": [{"value": "b"}]}},
    ]
)


def _read(parts: list[dict[str, Any]]) -> PatchOp[Group]:
    body = as_the_protocol_has_it(json.dumps(operations(*parts)).encode())
    return PatchOp[Group].model_validate_json(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)


@given(
    before=st.sets(IDS),
    parts=st.lists(
        st.one_of(_ADDS, _ADDS_WITHOUT_PATH, _REMOVES, _REMOVES_BY_VALUE), min_size=1, max_size=5
    ),
)
def test_moves_come_to_what_the_library_makes_of_them(
    before: set[str], parts: list[dict[str, Any]]
) -> None:
    with PROVIDER:
        patch = _read(parts)
        moves = moves_of(patch.operations or ())
        assert moves is not None
        members = [GroupMember(value=one, ref=f"Users/{one}") for one in sorted(before)]
        group = Group(display_name="x", members=members or None)
        patch.patch(group)
    after = {member.value for member in group.members or ()}
    assert {one for one in "abcde" if moves.get(one, one in before)} == after


@given(
    parts=st.lists(st.one_of(_ADDS, _REMOVES), max_size=3), other=_OTHERS, place=st.integers(0, 3)
)
def test_whatever_else_is_asked_is_left_to_the_library(
    parts: list[dict[str, Any]], other: dict[str, Any], place: int
) -> None:
    with PROVIDER:
        patch = _read([*parts[:place], other, *parts[place:]])
    assert moves_of(patch.operations or ()) is None


async def test_a_group_that_has_changed_since_is_left_as_it_is(council: Council) -> None:
    client = await directory(council)
    one = await create_user(client, "m@example.org")
    address = f"Groups/{await create_group(client, 'North')}"
    stale = {"If-Match": (await client.get(address)).headers["etag"]}
    add = operations({"op": "add", "path": "members", "value": [{"value": one}]})
    remove = operations({"op": "remove", "path": f'members[value eq "{one}"]'})
    done = await client.patch(address, json=add, headers=stale)
    assert (done.status_code, done.headers["etag"] != stale["If-Match"]) == (204, True)
    assert done.headers["etag"] == (await client.get(address)).headers["etag"]
    refused(await client.patch(address, json=remove, headers=stale), 412)
    told = said(await client.patch(address, params={"attributes": "members"}, json=add))
    assert [member["value"] for member in told["members"]] == [one]
