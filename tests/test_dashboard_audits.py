"""The pages about audits of what the AI wrote: what is drawn, marked, and shown of it."""

import httpx
import pytest

from app.access.permissions import Role
from tests import pages
from tests.council import Council, good, pilot
from tests.identity import PUBLIC_URL
from tests.writes import AUDIT, output

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@ONE
async def test_outputs_are_drawn_and_marked_by_the_pages(council: Council) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    wanted = {**AUDIT, "strata": ["team"], "second_share": 1}
    plan_id = good(await admin.post(f"{path}/output-audit-plans", json=wanted), 201)["plan_id"]
    listed = {"items": [output(f"note-{number}") for number in range(3)]}
    good(await admin.post(f"{path}/output-audit-plans/{plan_id}/outputs/bulk", json=listed))
    one, two = [
        await pages.reader(council.app, council, Role.INFORMATION_GOVERNANCE) for _ in range(2)
    ]
    base = f"/dashboard{path}/output-audits"
    assert "Nothing audited yet" in pages.read(await one.get(base)).text
    address = f"{base}/{plan_id}"

    async def send(to: str, **fields: str) -> httpx.Response:
        form = {**pages.read(await one.get(to.removesuffix("/draws"))).fields, **fields}
        return await one.http.post(to, data=form, headers={"Origin": PUBLIC_URL})

    refused = pages.read(await send(f"{address}/draws", outputs="none"))
    assert refused.title.startswith("Error: ")
    assert (await send(f"{address}/draws", outputs="2")).status_code == 303
    page = pages.read(await one.get(address))
    sampled = [href for href, _ in page.links if "/sample/" in href]
    assert len(sampled) == 2
    blank = await send(sampled[0], **{"findings-0-type": "omission"})
    assert blank.status_code == 422
    assert "findings-0-severity" in blank.text
    found = {"type": "omission", "severity": "critical", "reached": "reached_the_record"}
    fields = {f"findings-0-{name}": value for name, value in found.items()}
    taken = await send(sampled[0], **fields, statements_checked="20", statements_wrong="1")
    assert taken.status_code == 303
    shown = pages.read(await one.get(sampled[0])).text
    assert "Omission, critical, reached the record" in shown
    # Whoever may be the second sees nothing of it.
    blind = pages.read(await two.get(sampled[0])).text
    assert "Omission, critical" not in blind
    assert "A second marking is awaited" in blind
    for browser in (one, two):
        await browser.close()
