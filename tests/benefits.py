"""Claims of benefits to test with."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.council import good

HOURS: Mapping[str, Any] = {
    "title": "Less typing",
    "benefit_class": "capacity_released",
    "evidence_tier": 3,
    "evidence": "Diaries before and during",
    "measure": "hours",
    "low": "100.00",
    "central": "200.00",
    "high": "300.00",
    "hours": [{"team": "North", "category": "case_notes"}],
    "starts_on": "2024-06-01",
    "ends_on": "2024-09-01",
}
CASH: Mapping[str, Any] = {
    "title": "Fewer agency shifts",
    "benefit_class": "cash_realised",
    "evidence_tier": 2,
    "evidence": "Invoices",
    "measure": "money",
    "low": "900.00",
    "central": "1000.00",
    "high": "1000.00",
    "budget_line": "CS-4400",
    "ledger_reference": "JNL-7",
    "starts_on": "2024-06-01",
    "ends_on": "2024-09-01",
}


def claim(of: Mapping[str, Any] = HOURS, **fields: Any) -> dict[str, Any]:
    return {**of, **fields}


async def claimed(
    client: httpx.AsyncClient, path: str, of: Mapping[str, Any] = HOURS, **fields: Any
) -> dict[str, Any]:
    """Claim a benefit of the pilot at `path`."""
    return good(await client.post(f"{path}/benefits", json=claim(of, **fields)), 201)
