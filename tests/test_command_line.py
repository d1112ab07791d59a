"""The `pilotlight` command as an administrator uses it."""

import json
import re
import socket
from pathlib import Path

import httpx
import pytest

from app.demo.council import NAME
from tests.command import Run
from tests.server import SECRET, serving

SECRET_KEY = {"PILOTLIGHT_SECRET_KEY": SECRET}


def test_from_nothing_to_a_key(empty_database_url: str, run: Run) -> None:
    url = empty_database_url
    early = run(url, "organisation", "create", "Coventry")
    assert early.status == 1
    assert "pilotlight migrate" in early.err
    assert run(url, "migrate").status == 0
    assert run(url, "migrate").status == 0
    nobody = run(url, "key", "create", "--role", "admin")
    assert (nobody.status, "organisation create" in nobody.err) == (1, True)
    assert run(url, "organisation", "create", "Coventry").status == 0
    again = run(url, "organisation", "create", "Coventry")
    assert (again.status, "has this name" in again.err) == (1, True)
    key = run(url, "key", "create", "--organisation", "Coventry", "--role", "admin")
    assert re.fullmatch(r"plk_[A-Za-z0-9_-]{54}\n", key.out), "the key, alone, on standard output"
    assert key.out.strip() not in key.err
    wrong = run(url, "key", "create", "--organisation", "Coventry", "--role", "king")
    assert wrong.status == 2
    unknown = run(url, "key", "create", "--organisation", "York", "--role", "admin")
    assert (unknown.status, "York" in unknown.err) == (1, True)
    lead = run(url, "key", "create", "--role", "pilot_lead", "--person", "E1")
    assert (lead.status, "E1" in lead.err) == (1, True)


def test_the_default_secret_serves_the_demo_and_nothing_else(database_url: str, run: Run) -> None:
    for command in ("serve", "scheduler"):
        refused = run(database_url, command)
        assert refused.status == 1
        assert "PILOTLIGHT_SECRET_KEY" in refused.err
    short = run(database_url, "serve", settings={"PILOTLIGHT_SECRET_KEY": "short"})
    assert short.status == 1


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", ""])
def test_a_database_that_is_not_one_of_ours_is_refused(run: Run, url: str) -> None:
    refused = run(url, "migrate")
    assert refused.status == 1
    assert "PILOTLIGHT_DATABASE_URL" in refused.err
    assert "Traceback" not in refused.err


def test_a_database_that_cannot_be_reached_is_named_without_its_password(run: Run) -> None:
    url = "postgresql://user:very-secret@127.0.0.1:1/none"
    for words in (("organisation", "create", "Coventry"), ("migrate",), ("demo", "--no-serve")):
        refused = run(url, *words)
        assert refused.status == 1
        assert "cannot be reached" in refused.err
        assert "very-secret" not in refused.err + refused.out


def test_a_setting_that_cannot_be_is_named_without_its_value(run: Run) -> None:
    settings = {"PILOTLIGHT_LOG_FORMAT": "xml-4711", "PILOTLIGHT_DATABASE_POOL_SIZE": "0"}
    refused = run("sqlite:///none.db", "doctor", settings=settings)
    assert refused.status == 1
    for name in settings:
        assert name in refused.err
    assert "4711" not in refused.err


def test_serving_an_unmigrated_database_is_refused(empty_database_url: str, run: Run) -> None:
    refused = run(empty_database_url, "serve", settings=SECRET_KEY)
    assert (refused.status, "pilotlight migrate" in refused.err) == (1, True)


def test_an_address_that_is_taken_is_told_before_anything_is_loaded(
    database_url: str, run: Run
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in ("serve", "demo"):
            refused = run(database_url, command, "--port", port, settings=SECRET_KEY)
            assert refused.status == 1
            assert f"127.0.0.1:{port}" in refused.err
            assert "--port" in refused.err
            assert "Staff" not in refused.err


def test_the_doctor_says_what_to_do(empty_database_url: str, run: Run) -> None:
    sick = run(empty_database_url, "doctor")
    assert sick.status == 1
    assert "pilotlight migrate" in sick.out
    run(empty_database_url, "migrate")
    run(empty_database_url, "organisation", "create", "Coventry")
    well = run(empty_database_url, "doctor", settings=SECRET_KEY)
    assert well.status == 0, well.out


def test_jobs_are_listed_and_run_once_a_slot(database_url: str, run: Run) -> None:
    run(database_url, "organisation", "create", "Coventry")
    assert "idempotency_cleanup" in run(database_url, "jobs", "list").out
    words = ("jobs", "run", "idempotency_cleanup", "--as-of", "2024-04-01")
    assert "succeeded" in run(database_url, *words).out
    assert "had run already" in run(database_url, *words).out
    assert run(database_url, "jobs", "run", "nonsense").status == 2


def test_the_demo_prints_its_headlines_a_second_run_the_same_and_all_of_it_is_simulated(
    empty_database_url: str, run: Run, tmp_path: Path
) -> None:
    first = run(empty_database_url, "demo", "--no-serve")
    assert first.status == 0, first.err
    assert "Microsoft 365 Copilot" in first.out
    assert "86.7 %" in first.out
    # The page about the seats: 138 of the 240 that are left are in use.
    assert "Seats in use" in first.out
    assert "Renewal on 2025-04-07: 240 seats bought" in first.out
    # The ratio of the children's services pilot flips, against a comparison team.
    assert "70:30" in first.out
    assert "Beyond the comparison" in first.out
    assert "In words: fell." in first.out
    headline = " ".join(first.out.partition("Headline")[2].split())
    assert "admin : direct 70:30 → 30:70: admin changed by -39.9 points (-42.0" in headline
    assert "beyond the comparison team: -39.9 points (" in headline
    assert "adoption: 86.0 % (81.6 % to 89.5 %) in the first 28 days, 56.2 %" in headline
    assert "licence utilisation: 23.2 % (21.1 % to 25.3 %)" in headline
    position = "use of AI licences: 23.0 %, last quarter (quartiles 24.0 %, 31.0 %, 34.0 %)"
    assert f"among 12 simulated councils, {position}" in headline
    assert "cashable proven: £0.00." in headline
    assert "decided for Copilot: reduce, keep 90 of 300 licences" in headline
    assert "scale, roll out in children's services (criteria: met, met)" in headline
    assert "Simulated data" in first.out
    second = run(empty_database_url, "demo", "--no-serve")
    assert _without_key(second.out) == _without_key(first.out)
    _every_answer_is_simulated(empty_database_url, run, tmp_path)


def _without_key(output: str) -> str:
    return re.sub(r"plk_\S+", "", output)


def test_the_demo_keeps_away_from_a_real_council(database_url: str, run: Run) -> None:
    run(database_url, "organisation", "create", "Coventry")
    refused = run(database_url, "demo", "--no-serve")
    assert refused.status == 1
    assert "real organisation" in refused.err


def _every_answer_is_simulated(url: str, run: Run, tmp_path: Path) -> None:
    key = run(url, "key", "create", "--organisation", NAME, "--role", "admin")
    with (
        serving(url, tmp_path) as server,
        httpx.Client(
            base_url=server.base_url,
            headers={"Authorization": f"Bearer {key.out.strip()}"},
            timeout=120,
        ) as client,
    ):
        pilots = client.get("/api/v1/pilots")
        assert pilots.headers["pilotlight-simulated"] == "true"
        pilot_id = pilots.json()["items"][0]["pilot_id"]
        figures = client.get(f"/api/v1/pilots/{pilot_id}/metrics/adoption").json()["figures"]
        for slug, figure in figures.items():
            assert "simulated" in [flag["code"] for flag in figure["flags"]], slug
        pages = client.get("/api/v1/licence-utilisation").json()["items"]
        for slug, figure in pages[0]["figures"].items():
            assert "simulated" in [flag["code"] for flag in figure["flags"]], slug
        missing = client.get("/api/v1/pilots/00000000-0000-0000-0000-000000000000")
        assert missing.headers["pilotlight-simulated"] == "true"


def test_the_specification_is_printed(run: Run) -> None:
    printed = run("sqlite:///none.db", "openapi")
    assert json.loads(printed.out)["info"]["title"] == "Pilotlight"
