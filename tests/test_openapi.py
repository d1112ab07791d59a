"""The specification: it is current, it keeps the conventions, and the service does what it says."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis.config import (
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.generation.case import Case
from schemathesis.generation.feedback import FeedbackSources

# Inside the library: its own decorators make every case when tests are collected, some seconds of it
# in every worker, and start a server of each kind there.
from schemathesis.pytest._test_builder import build_operation_test

from app.core.pagination import MAX_LIMIT
from app.main import create_app
from tests import conformance
from tests.conformance import Council
from tests.council import API
from tests.databases import KINDS, Templates, settings_for
from tests.routes import LEADS_ALONE, NOT_BY_WHO_WROTE
from tests.server import fresh_database, serving
from tests.writes import ORIGIN

COMMITTED = Path(__file__).resolve().parent.parent / "openapi" / "openapi.json"
# Few in the suite; to search for defects: CONFORMANCE_EXAMPLES=500 make test PYTEST_ARGS="-k conforms"
SEARCH = os.environ.get("CONFORMANCE_EXAMPLES")
EXAMPLES = int(SEARCH or "6")

SPECIFICATION: dict[str, Any] = create_app(settings_for("sqlite://")).openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in SPECIFICATION["paths"].items()
    for method, operation in item.items()
}

# An operation has some eighty systematic cases (every boundary, type and enum). So that the suite
# stays as fast as the service grows, each database takes every second operation and, of each, a share.
THINNED = 1 if SEARCH else 1 + len(OPERATIONS) // 20


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or the one that it refers to."""
    while "$ref" in schema:
        assert schema["$ref"].startswith("#/components/schemas/"), schema
        schema = SPECIFICATION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def every_schema(part: Any) -> Iterator[dict[str, Any]]:
    """Every object within a part of the specification."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from every_schema(inner)


def test_the_committed_specification_is_current() -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == SPECIFICATION, "openapi/openapi.json is out of date: make openapi"


def test_every_reference_leads_somewhere() -> None:
    for part in every_schema(SPECIFICATION):
        if isinstance(part.get("$ref"), str):
            resolved(part)


def test_every_list_has_a_capped_limit_and_a_cursor() -> None:
    lists = []
    for name, operation in OPERATIONS.items():
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        if answer is None or "next_cursor" not in resolved(answer["schema"]).get("properties", {}):
            continue
        lists.append(name)
        assert name.startswith("GET "), name
        parameters = {p["name"]: p for p in operation["parameters"]}
        assert parameters["limit"]["schema"]["maximum"] == MAX_LIMIT == 200, name
        assert parameters["limit"]["schema"]["minimum"] == 1, name
        assert not parameters["cursor"]["required"], name
    assert len(lists) >= 8, lists


def test_every_operation_documents_its_security_and_its_problems() -> None:
    assert len(OPERATIONS) >= 23
    schemes = set(SPECIFICATION["components"]["securitySchemes"])
    for name, operation in OPERATIONS.items():
        (demanded,) = operation["security"]
        assert set(demanded) <= schemes, name
        problem = operation["responses"]["default"]["content"]
        assert list(problem) == ["application/problem+json"], name
        assert set(resolved(problem["application/problem+json"]["schema"])["required"]) >= {
            *("type", "title", "status", "detail", "code", "errors")
        }, name
        # FastAPI's own shape of 422 is not the one that is sent.
        assert "422" not in operation["responses"], name


def test_every_post_documents_the_idempotency_key_and_every_change_if_match() -> None:
    for name, operation in OPERATIONS.items():
        headers = {
            p["name"].lower() for p in operation.get("parameters", ()) if p["in"] == "header"
        }
        assert ("idempotency-key" in headers) == name.startswith("POST "), name
        assert ("if-match" in headers) or not name.startswith(("PATCH ", "PUT ")), name


def test_a_change_names_no_defaults() -> None:
    """Generated clients send a default that is named, and would overwrite what is there."""
    for name, operation in OPERATIONS.items():
        if name.startswith("PATCH "):
            body = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
            assert not [n for n, field in body["properties"].items() if "default" in field], name


def test_every_shape_is_named_once() -> None:
    """Of two with one name the framework makes longer ones, of which generators make nothing."""
    named = SPECIFICATION["components"]["schemas"]
    assert not [name for name in named if "__" in name or "-" in name]


def test_every_operation_is_named_once() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(names) == len(set(names))


@pytest.fixture(scope="session")
def furnished(
    request: pytest.FixtureRequest,
    templates: Templates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Council]:
    kind: str = request.param
    folder = tmp_path_factory.mktemp(f"conformance-{kind}")
    with (
        fresh_database(templates, kind) as url,
        serving(url, folder, environment="demo", public_url=ORIGIN) as server,
        requests.Session() as http,
    ):
        council = Council(server, server.found(), http, share=KINDS.index(kind))
        council.furnish()
        yield council


def _below(operation: str) -> str:
    """An operation as the route table names it."""
    return operation.replace(API, "")


def takes_no_nul(council: Council) -> None:
    """PostgreSQL takes none: a filter that lets one through is a 500 there, and nowhere else."""
    asked = 0
    for name, operation in OPERATIONS.items():
        method, path = name.split()
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query" and parameter["schema"].get("type") == "string":
                answer = council.request(method, path, params={parameter["name"]: "a\0b"})
                refused = {422, 403} if _below(name) in LEADS_ALONE else {422}
                assert answer.status_code in refused, f"{name}: {parameter['name']}: {answer.text}"
                asked += 1
    assert asked > 10


@pytest.mark.parametrize("furnished", KINDS, indirect=True)
def test_the_service_conforms(furnished: Council, subtests: pytest.Subtests) -> None:
    """Every operation, with right and wrong data."""
    generation = GenerationConfig(max_examples=EXAMPLES, deterministic=not SEARCH, database="none")
    project = ProjectConfig(generation=generation, base_url=furnished.server.base_url)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    schema = schemathesis.openapi.from_dict(SPECIFICATION, config=config)

    sent: dict[str, Any] = {
        "session": furnished.http,
        "headers": {"Authorization": f"Bearer {furnished.key}"},
        "excluded_checks": conformance.REPLACED,
    }

    def holds(case: Case) -> None:
        if furnished.takes(case, THINNED):
            furnished.aim(case)
            case.call_and_validate(additional_checks=conformance.OURS, **sent)

    # Before anything that these are about is deleted.
    with subtests.test("text in a query"):
        takes_no_nul(furnished)
    feedback = FeedbackSources()
    for turn, found in enumerate(schema.get_all_operations()):
        operation = found.ok()
        with subtests.test(operation.label):
            answer = furnished.right(operation).call_and_validate(**sent)
            refused = _below(operation.label) in LEADS_ALONE | NOT_BY_WHO_WROTE
            assert (answer.status_code < 300) != refused, answer.text
            if SEARCH or turn % len(KINDS) == furnished.share:
                build_operation_test(
                    config=schema.config,
                    operation=operation,
                    test_func=holds,
                    given_kwargs={},
                    feedback=feedback,
                )()
