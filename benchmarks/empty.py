"""The least that an answer over HTTP costs: a FastAPI application with one empty POST, as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from tests.server import Server, free_port, ready, stop

app = FastAPI(openapi_url=None)


@app.get("/health/ready")
async def is_ready() -> None:
    """It answers."""


@app.post("/api/v1/empty", status_code=201)
async def empty() -> dict[str, str]:
    """Nothing is done."""
    return {}


@contextmanager
def serving_nothing(folder: Path) -> Iterator[Server]:
    """Serve it while the block runs."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.empty", str(port)]
    process = subprocess.Popen(command)  # noqa: S603 - ourselves
    server = Server(f"http://127.0.0.1:{port}", process, {}, folder)
    try:
        assert ready(server)
        yield server
    finally:
        stop(process)


if __name__ == "__main__":
    # As the service is served.
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
    )
