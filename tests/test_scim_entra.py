"""Microsoft Entra's own request forms, each as it sends them."""

from typing import Any

import httpx
import pytest

from tests.council import Council, good
from tests.scim import ENTERPRISE, GROUP, LIST, directory, operations, refused, said, user

MANAGER = f"{ENTERPRISE}:manager"
EMAIL = "margaret.hale@example.org"


@pytest.fixture
async def entra(council: Council) -> httpx.AsyncClient:
    return await directory(council)


async def _created(
    client: httpx.AsyncClient, user_name: str = EMAIL, **attributes: Any
) -> dict[str, Any]:
    return said(await client.post("Users", json=user(user_name, **attributes)), 201)


async def _patched(client: httpx.AsyncClient, identity: str, *parts: Any) -> dict[str, Any]:
    """The user that a PATCH answers with, which is the user that is there."""
    told = said(await client.patch(f"Users/{identity}", json=operations(*parts)))
    assert told == said(await client.get(f"Users/{identity}"))
    return told


async def _group(client: httpx.AsyncClient, *members: str) -> str:
    body = {
        "schemas": [
            GROUP,
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "SG-North-Team",
        "members": [{"value": member} for member in members],
    }
    identity: str = said(await client.post("Groups", json=body), 201)["id"]
    return identity


async def _members(client: httpx.AsyncClient, group: str) -> set[str]:
    found = said(await client.get(f"Groups/{group}")).get("members", [])
    return {member["value"] for member in found}


async def _patch_group(client: httpx.AsyncClient, group: str, *parts: Any) -> None:
    answer = await client.patch(f"Groups/{group}", json=operations(*parts))
    assert (answer.status_code, answer.content) == (204, b""), answer.text


async def test_the_test_connection_button_finds_nobody(entra: httpx.AsyncClient) -> None:
    """No match is 200 with an empty list, not 404."""
    wanted = {"filter": 'userName eq "3f5b7a4e-0c9e-4c6d-8f41-b1f3c4c4ab11"'}
    found = said(await entra.get("Users", params=wanted))
    assert found == {
        "schemas": [LIST],
        "totalResults": 0,
        "itemsPerPage": 0,
        "startIndex": 1,
        "Resources": [],
    }


async def test_a_user_as_entra_creates_one(entra: httpx.AsyncClient, council: Council) -> None:
    """With a schema of Microsoft's own, attributes that nobody here knows, and blanks."""
    body = {
        "schemas": [
            USER_OF_ENTRA,
            ENTERPRISE,
            "urn:ietf:params:scim:schemas:extension:contoso:2.0:User",
        ],
        "externalId": "margaret.hale",
        "userName": EMAIL,
        "active": True,
        "displayName": "Margaret Hale",
        "emails": [{"primary": True, "type": "work", "value": "margaret.hale@council.local"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "", "familyName": "Hale", "givenName": "Margaret"},
        "roles": [],
        "mailNickname": "margaret.hale",
        "urn:ietf:params:scim:schemas:extension:contoso:2.0:User": {"tag": "x"},
        ENTERPRISE: {"employeeNumber": "4711", "department": "Housing"},
    }
    made = said(await entra.post("Users", json=body), 201)
    assert made["emails"][0]["value"] == "margaret.hale@council.local"
    assert "mailNickname" not in made
    admin = await council.admin()
    person = good(await admin.get(f"/people/{made['id']}"))
    named = ("external_id", "user_name", "display_name", "department", "left_on")
    assert [person[name] for name in named] == ["4711", EMAIL, "Margaret Hale", "Housing", None]


USER_OF_ENTRA = "urn:ietf:params:scim:schemas:core:2.0:User"


async def test_capitalised_operations(entra: httpx.AsyncClient) -> None:
    made = await _created(entra, displayName="Margaret", title="Officer")
    told = await _patched(
        entra,
        made["id"],
        {"op": "Replace", "path": "displayName", "value": "Margaret H"},
        {"op": "Add", "path": "nickName", "value": "Mag"},
        {"op": "Remove", "path": "title"},
    )
    assert (told["displayName"], told["nickName"], "title" in told) == ("Margaret H", "Mag", False)


@pytest.mark.parametrize("false", ["False", "false", False])
async def test_active_as_a_string_is_a_soft_leave(
    entra: httpx.AsyncClient, council: Council, false: object
) -> None:
    """And the user is still found, by whatever Entra looks for them with."""
    made = await _created(entra, active=True)
    told = await _patched(entra, made["id"], {"op": "Replace", "path": "active", "value": false})
    assert told["active"] is False
    found = said(await entra.get("Users", params={"filter": f'userName eq "{EMAIL}"'}))
    assert [item["active"] for item in found["Resources"]] == [False]
    admin = await council.admin()
    assert good(await admin.get(f"/people/{made['id']}"))["left_on"] is not None
    back = await _patched(entra, made["id"], {"op": "Replace", "path": "active", "value": "True"})
    assert back["active"] is True
    assert good(await admin.get(f"/people/{made['id']}"))["left_on"] is None


async def test_replace_without_a_path(entra: httpx.AsyncClient) -> None:
    """The value is an object whose names are paths."""
    made = await _created(entra, active=True, name={"givenName": "M"})
    value = {
        "active": "False",
        "displayName": "Margaret",
        "name.familyName": "Hale",
        'emails[type eq "work"].value': "m@example.org",
        f"{ENTERPRISE}:department": "Housing",
    }
    told = await _patched(entra, made["id"], {"op": "replace", "value": value})
    assert (told["active"], told["displayName"]) == (False, "Margaret")
    assert told["name"] == {"givenName": "M", "familyName": "Hale"}
    assert told["emails"] == [{"type": "work", "value": "m@example.org"}]
    assert told[ENTERPRISE]["department"] == "Housing"


async def test_an_email_that_is_there_by_its_type(entra: httpx.AsyncClient) -> None:
    emails = [{"type": "work", "value": "old@example.org", "primary": True}]
    made = await _created(entra, emails=emails)
    path = 'emails[type eq "work"].value'
    told = await _patched(
        entra, made["id"], {"op": "Replace", "path": path, "value": "new@example.org"}
    )
    assert told["emails"] == [{"type": "work", "value": "new@example.org", "primary": True}]


@pytest.mark.parametrize("operation", ["Add", "Replace"])
@pytest.mark.parametrize(
    ("path", "value", "entry"),
    [
        (
            'emails[type eq "work"].value',
            "n@example.org",
            {"type": "work", "value": "n@example.org"},
        ),
        (
            'phoneNumbers[type eq "mobile"].value',
            "024 7683",
            {"type": "mobile", "value": "024 7683"},
        ),
        (
            'addresses[type eq "work"].locality',
            "Coventry",
            {"type": "work", "locality": "Coventry"},
        ),
    ],
)
async def test_an_entry_that_is_not_there_is_made_by_its_filter(
    entra: httpx.AsyncClient, operation: str, path: str, value: str, entry: dict[str, str]
) -> None:
    made = await _created(entra)
    told = await _patched(entra, made["id"], {"op": operation, "path": path, "value": value})
    assert told[path.partition("[")[0]] == [entry]


@pytest.mark.parametrize("shape", ["bare", "object", "list", "nested", "full name"])
async def test_the_manager_as_a_bare_string(entra: httpx.AsyncClient, shape: str) -> None:
    chief = (await _created(entra, "chief@example.org"))["id"]
    made = await _created(entra, enterprise={"department": "Housing"})
    operation: dict[str, Any] = {
        "bare": {"op": "Add", "path": MANAGER, "value": chief},
        "object": {"op": "Replace", "path": MANAGER, "value": {"value": chief}},
        "list": {"op": "Add", "path": MANAGER, "value": [{"$ref": "x", "value": chief}]},
        "nested": {"op": "Add", "value": {ENTERPRISE: {"manager": chief}}},
        "full name": {"op": "Replace", "value": {MANAGER: chief}},
    }[shape]
    told = await _patched(entra, made["id"], operation)
    assert told[ENTERPRISE]["manager"]["value"] == chief
    assert told[ENTERPRISE]["department"] == "Housing"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": MANAGER},
        {"op": "Replace", "path": MANAGER, "value": ""},
        {"op": "Replace", "path": MANAGER, "value": None},
    ],
)
async def test_the_manager_taken_away(entra: httpx.AsyncClient, operation: dict[str, Any]) -> None:
    chief = (await _created(entra, "chief@example.org"))["id"]
    made = await _created(entra, enterprise={"manager": chief, "department": "Housing"})
    assert made[ENTERPRISE]["manager"]["value"] == chief
    told = await _patched(entra, made["id"], operation)
    assert told[ENTERPRISE] == {"department": "Housing"}


async def test_members_added_and_removed_by_filter(entra: httpx.AsyncClient) -> None:
    ids = [(await _created(entra, f"{n}@example.org"))["id"] for n in range(3)]
    group = await _group(entra)
    added = [{"$ref": None, "value": identity, "display": None} for identity in ids]
    await _patch_group(entra, group, {"op": "Add", "path": "members", "value": added})
    assert await _members(entra, group) == set(ids)
    path = f'members[value eq "{ids[0]}"]'
    await _patch_group(entra, group, {"op": "Remove", "path": path})
    assert await _members(entra, group) == set(ids[1:])


async def test_members_removed_by_their_value(entra: httpx.AsyncClient) -> None:
    """`remove` carries a value, which the protocol does not know: without it all would vanish."""
    ids = [(await _created(entra, f"{n}@example.org"))["id"] for n in range(3)]
    group = await _group(entra, *ids)
    operation = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ids[0]}]}
    await _patch_group(entra, group, operation)
    assert await _members(entra, group) == set(ids[1:])
    await _patch_group(entra, group, {"op": "Remove", "path": "members"})
    assert await _members(entra, group) == set()


async def test_a_member_added_twice_is_a_member_once(entra: httpx.AsyncClient) -> None:
    one = (await _created(entra))["id"]
    group = await _group(entra, one)
    add = {"op": "Add", "path": "members", "value": [{"value": one}]}
    await _patch_group(entra, group, add, add)
    found = said(await entra.get(f"Groups/{group}"))["members"]
    assert [member["value"] for member in found] == [one]


async def test_a_group_renamed_and_asked_for_without_its_members(entra: httpx.AsyncClient) -> None:
    one = (await _created(entra))["id"]
    group = await _group(entra, one)
    await _patch_group(entra, group, {"op": "Replace", "path": "displayName", "value": "North"})
    wanted = {"excludedAttributes": "members", "filter": 'displayName eq "north"'}
    (found,) = said(await entra.get("Groups", params=wanted))["Resources"]
    assert (found["id"], found["displayName"], "members" in found) == (group, "North", False)
    told = said(await entra.get(f"Groups/{group}", params={"excludedAttributes": "members"}))
    assert "members" not in told
    asked = {"filter": f'id eq "{group}" and members eq "{one}"'}
    assert said(await entra.get("Groups", params=asked))["totalResults"] == 1
    asked = {"filter": f'id eq "{group}" and members eq "{group}"'}
    assert said(await entra.get("Groups", params=asked))["totalResults"] == 0


async def test_the_flag_of_entra_s_own_in_the_address(entra: httpx.AsyncClient) -> None:
    made = said(await entra.post("Users?aadOptscim062020", json=user()), 201)
    assert said(await entra.get(f"Users/{made['id']}?aadOptscim062020"))["id"] == made["id"]


async def test_delete_and_delete_again(entra: httpx.AsyncClient) -> None:
    made = await _created(entra)
    assert (await entra.delete(f"Users/{made['id']}")).status_code == 204
    refused(await entra.delete(f"Users/{made['id']}"), 404)
    refused(await entra.get(f"Users/{made['id']}"), 404)


async def test_a_guest_s_name_with_all_its_signs(entra: httpx.AsyncClient) -> None:
    name = "o'hara_partner.org#EXT#@example.onmicrosoft.com"
    made = await _created(entra, name)
    found = said(await entra.get("Users", params={"filter": f'userName eq "{name.upper()}"'}))
    assert [item["id"] for item in found["Resources"]] == [made["id"]]
