"""Samples are found by the index made for the question, also in a table that the database knows nothing of yet.

So are people by their sign-in name.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event

from app.people import service as people
from tests.council import Council, good
from tests.forms import as_json
from tests.time_use import sample, social_pilot

KEY = {"postgresql": "pk_time_sample", "sqlite": "sqlite_autoindex_time_sample_1"}
DAYS = "ix_time_sample_started_at"
EXPLAIN = {"postgresql": "EXPLAIN", "sqlite": "EXPLAIN QUERY PLAN"}


class Asked:
    """The questions about a table that a council's service asks of its database."""

    def __init__(self, council: Council, table: str = "time_sample") -> None:
        self.table = table
        self.engine = council.database.engine
        self.statements: list[tuple[str, Any]] = []
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")) and f"{self.table}." in statement:
            self.statements.append((statement, parameters))

    async def plans(self) -> list[str]:
        """How the database goes about each."""
        asked, self.statements = self.statements, []
        found = []
        async with self.engine.connect() as connection:
            for statement, parameters in asked:
                question = f"{EXPLAIN[self.engine.dialect.name]} {statement}"
                rows = await connection.exec_driver_sql(question, parameters)
                found.append(" ".join(str(row) for row in rows))
        return found


async def test_a_sample_is_found_by_its_key_and_a_day_by_its_time(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    asked = Asked(council)
    first = datetime(2024, 1, 1, 9, tzinfo=UTC)
    rows = [
        sample(f"r{n}", started_at=(first + timedelta(days=n % 100)).isoformat())
        for n in range(2000)
    ]
    assert good(await client.post(f"{path}/bulk", **as_json(rows)))["accepted"] == len(rows)
    plans = await asked.plans()
    assert plans
    for plan in plans:
        assert KEY[council.database.engine.dialect.name] in plan
    async with council.database.engine.begin() as connection:
        await connection.exec_driver_sql("ANALYZE time_sample")  # as the server does in time
    good(await client.get(path.replace("time-samples", "metrics/time-use")))
    plans = await asked.plans()
    assert plans
    for plan in plans:
        assert DAYS in plan


async def test_a_person_is_found_by_the_sign_in_name_in_whatever_case(council: Council) -> None:
    client = await council.admin()
    rows = [{"external_id": f"E{n}", "user_name": f"Name.{n}@example.org"} for n in range(2000)]
    assert good(await client.post("/people/bulk", **as_json(rows)))["accepted"] == len(rows)
    async with council.database.engine.begin() as connection:
        await connection.exec_driver_sql("ANALYZE person")  # as the server does in time
    asked = Asked(council, "person")
    async with council.database.transaction() as session:
        (found,) = await people.known_as(session, council.system, "NAME.7@example.org")
        named = await people.by_name(session, council.system, ["name.8@EXAMPLE.org", "E9"])
    assert found.external_id == "E7"
    assert len(named) == 2
    plans = await asked.plans()
    assert len(plans) == 2
    for plan in plans:
        assert "ix_person_user_name" in plan
