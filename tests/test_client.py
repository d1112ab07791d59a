"""A Python client generated from the committed specification, as it comes, against the service."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from app.dashboard.workbooks.writing import XLSX
from tests.databases import Templates
from tests.server import Server, fresh_database, serving
from tests.test_openapi import COMMITTED, OPERATIONS

GENERATOR = Path(sys.executable).with_name("openapi-python-client")
PACKAGE = "generated_pilotlight_client"
# It knows JSON bodies alone, says so, and makes every bulk endpoint with the JSON one.
_KNOWN_WARNINGS = (
    "Unsupported content type application/x-ndjson",
    "Unsupported content type text/csv",
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the generated package, and what the generator said.

    It does not know by itself that a workbook is a file.
    """
    folder = tmp_path_factory.mktemp("client")
    config = folder / "config.json"
    config.write_text(
        json.dumps(
            {
                "content_type_overrides": dict.fromkeys(
                    (XLSX, "application/zip"), "application/octet-stream"
                )
            }
        )
    )
    # It tidies up with ruff, which it looks for on the path.
    path = f"{GENERATOR.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [
            *(GENERATOR, "generate", "--meta", "none"),
            *("--path", COMMITTED, "--output-path", folder / PACKAGE, "--config", config),
        ],
        env={**os.environ, "PATH": path},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout + done.stderr


@pytest.fixture(scope="module")
def server(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with (
        fresh_database(templates, "sqlite") as url,
        serving(url, tmp_path_factory.mktemp("served")) as running,
    ):
        yield running


def test_the_generator_leaves_no_endpoint_out(generated: tuple[Path, str]) -> None:
    folder, said = generated
    said_of = [line for line in said.splitlines() if line.startswith("WARNING")]
    assert not [line for line in said_of if "will not be generated" in line], said
    reasons = [line for line in said.splitlines() if "nsupported" in line or "ould not" in line]
    assert set(reasons) <= set(_KNOWN_WARNINGS), said
    assert len(said_of) == len(reasons), said
    for name, operation in OPERATIONS.items():
        (tag,) = operation["tags"]
        module = folder / PACKAGE / "api" / tag / f"{operation['operationId']}.py"
        assert module.is_file(), name


@pytest.fixture
def made(generated: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package: its client, its models, and `call("operation_id")`."""
    monkeypatch.syspath_prepend(str(generated[0]))
    tags = {operation["operationId"]: operation["tags"][0] for operation in OPERATIONS.values()}

    def call(name: str) -> Any:
        return importlib.import_module(f"{PACKAGE}.api.{tags[name]}.{name}")

    package = importlib.import_module(PACKAGE)
    models = importlib.import_module(f"{PACKAGE}.models")
    return SimpleNamespace(
        AuthenticatedClient=package.AuthenticatedClient, models=models, call=call
    )


def test_every_generated_module_can_be_imported(made: Any) -> None:
    for operation in OPERATIONS.values():
        assert callable(made.call(operation["operationId"]).sync_detailed)


def _enrol(made: Any, client: Any) -> UUID:
    """People, a pilot with members, and their activity; returns the pilot's id."""
    models = made.models
    person = made.call("create_person").sync(
        client=client,
        body=models.PersonIn(external_id="E1", department="Housing", fte=0.8),
        idempotency_key="first-person",
    )
    assert isinstance(person, models.PersonOut)
    assert isinstance(person.person_id, UUID)
    rows = models.PersonRows(
        items=[models.PersonRow(external_id=f"E{n}", department="Housing") for n in range(2, 11)]
    )
    recorded = made.call("upsert_people").sync(client=client, body=rows)
    assert (recorded.accepted, recorded.rejected) == (9, 0)
    pilot = made.call("create_pilot").sync(
        client=client,
        body=models.PilotIn(
            code="P-1",
            name="A pilot",
            kind=models.PilotKind.COPILOT_LICENCES,
            starts_on=date(2024, 4, 1),
            ends_on=date(2024, 4, 29),
            success_criteria=[
                models.SuccessCriterion(
                    metric="adoption_rate", comparator=models.Comparator(">="), target=0.5
                )
            ],
        ),
    )
    assert isinstance(pilot, models.PilotOut)
    members = models.MemberRows(
        items=[
            models.MemberRow(person_external_id=f"E{n}", joined_on=date(2024, 4, 1))
            for n in range(1, 11)
        ]
    )
    enrolled = made.call("upsert_pilot_members").sync(pilot.pilot_id, client=client, body=members)
    assert (enrolled.accepted, enrolled.rejected) == (10, 0)
    used = models.ActivityRows(
        items=[
            models.ActivityRow(
                product="Copilot",
                person_external_id=f"E{n}",
                period_starts_on=date(2024, 4, 3),
                source="test",
                actions=n,
            )
            for n in range(1, 7)
        ]
    )
    posted = made.call("upsert_licence_activity").sync(
        client=client, body=used, mode=models.BulkMode.ATOMIC
    )
    assert (posted.accepted, posted.rejected) == (6, 0)
    pilot_id: UUID = pilot.pilot_id
    return pilot_id


def test_the_generated_client_takes_a_pilot_from_its_people_to_its_figures(
    made: Any, server: Server
) -> None:
    models = made.models
    key = server.found("Client Council")
    with made.AuthenticatedClient(base_url=server.base_url, token=key) as client:
        pilot_id = _enrol(made, client)
        step = made.call("transition_pilot").sync(
            pilot_id, client=client, body=models.TransitionIn(to=models.PilotStatus.RUNNING)
        )
        assert step.to_status is models.PilotStatus.RUNNING
        adoption = made.call("get_adoption").sync(
            pilot_id, client=client, group_by=models.GroupBy.DEPARTMENT
        )
        rate = adoption.figures.adoption_rate
        assert (rate.numerator, rate.denominator, rate.value) == (6, 10, 0.6)
        assert rate.interval.low < 0.6 < rate.interval.high
        assert [group.group for group in adoption.groups] == ["Housing"]
        assert adoption.weekly[0].starts_on == date(2024, 4, 1)
        slugs = [metric.slug for metric in made.call("list_metrics").sync(client=client).items]
        assert rate.slug in slugs


def test_the_generated_client_pages_changes_and_reads_problems(made: Any, server: Server) -> None:
    models = made.models
    key = server.found("Paging Council")
    with made.AuthenticatedClient(base_url=server.base_url, token=key) as client:
        pilot_id = _enrol(made, client)
        first = made.call("list_people").sync(client=client, limit=7)
        rest = made.call("list_people").sync(client=client, limit=7, cursor=first.next_cursor)
        assert (len(first.items), len(rest.items), rest.next_cursor) == (7, 3, None)
        # A change sends what it was given, and nothing else.
        before = made.call("get_organisation").sync(client=client)
        changed = made.call("change_organisation").sync(
            client=client, body=models.OrganisationChange(minimum_group_size=7)
        )
        assert changed.to_dict() == before.to_dict() | {"minimum_group_size": 7}
        read = made.call("get_pilot").sync_detailed(pilot_id, client=client)
        renamed = made.call("change_pilot").sync(
            pilot_id,
            client=client,
            body=models.PilotChange(purpose="To learn"),
            if_match=read.headers["ETag"],
        )
        assert (renamed.purpose, renamed.name) == ("To learn", read.parsed.name)
        late = made.call("change_pilot").sync_detailed(
            pilot_id,
            client=client,
            body=models.PilotChange(name="Late"),
            if_match=read.headers["ETag"],
        )
        assert (late.status_code, late.parsed.code) == (412, "precondition_failed")
        assert isinstance(late.parsed, models.Problem)
