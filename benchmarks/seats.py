"""Seats given to 16 clients who race for one pool, beside what the bare database and HTTP allow."""

import asyncio
from uuid import uuid4

from benchmarks.machine import CLIENTS, Machine

SEATS = 2_000


async def run(on: Machine) -> None:
    """Print how many seats a second the service gives, and the limits of the same run."""
    people = [f"B{number}" for number in range(SEATS)]
    on.request("POST", "/people/bulk", json={"items": [{"external_id": who} for who in people]})
    floor = await _bare_database(on)
    statuses, seconds = await on.send([("GET", "/health", None, None)] * SEATS)
    http = len(statuses) / seconds
    pool = {"product": "Benchmark", "term_starts_on": "2000-01-01", "term_ends_on": "2003-01-01"}
    for title, clients in ((f"{CLIENTS} clients", CLIENTS), ("1 client", 1)):
        wanted = people if clients > 1 else people[:300]
        made = on.request(
            "POST",
            "/licence-pools",
            json={**pool, "name": title, "product": f"B-{clients}", "seats": SEATS},
        )
        path = f"/licence-pools/{made['pool_id']}/allocations"
        statuses, seconds = await on.send(
            [
                (
                    "POST",
                    path,
                    {"person_external_id": who, "allocated_on": "2000-02-01"},
                    str(uuid4()),
                )
                for who in wanted
            ],
            clients,
        )
        assert set(statuses) == {201}, set(statuses)
        rate = len(wanted) / seconds
        print(
            f"seats, {title}: {rate:.0f}/s; bare transactions (lock, insert, commit) of {CLIENTS} "
            f"connections {floor:.0f}/s, ratio {rate / floor:.2f}; refused requests over HTTP "
            f"{http:.0f}/s, ratio {rate / http:.2f}"
        )


async def _bare_database(on: Machine) -> float:
    """One row lock, one insert and one durable commit a seat, from as many connections."""
    async with on.connection() as connection:
        await connection.execute(
            "CREATE TABLE bare_pool (id int PRIMARY KEY, given int);"
            "CREATE TABLE bare_seat (pool int, person int, PRIMARY KEY (pool, person));"
            "INSERT INTO bare_pool VALUES (1, 0)"
        )
    left = list(range(SEATS))

    async def client() -> None:
        async with on.connection() as connection:
            while left:
                person = left.pop()
                async with connection.transaction():
                    await connection.fetchval("SELECT given FROM bare_pool WHERE id = 1 FOR UPDATE")
                    await connection.execute("INSERT INTO bare_seat VALUES (1, $1)", person)
                    await connection.execute("UPDATE bare_pool SET given = given + 1 WHERE id = 1")

    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return SEATS / (asyncio.get_running_loop().time() - started)
