"""The worker process of a board, kept running while the board's server runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator

from leaderboard.settings import Settings

RESTART_SECONDS = 1.0
STOP_SECONDS = 5.0


@contextlib.asynccontextmanager
async def worker_running(settings: Settings) -> AsyncIterator[None]:
    """Start a worker, restart it whenever it ends, and stop it on leaving."""
    supervisor = asyncio.create_task(_supervise(settings))
    try:
        yield
    finally:
        supervisor.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await supervisor


async def _supervise(settings: Settings) -> None:
    while True:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "leaderboard.scoring.worker",
            "--parent",
            str(os.getpid()),
            env={**os.environ, **settings.to_environment()},
        )
        try:
            await worker.wait()
        except asyncio.CancelledError:
            await _stop(worker)
            raise
        await asyncio.sleep(RESTART_SECONDS)


async def _stop(worker: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.terminate()
        try:
            await asyncio.wait_for(worker.wait(), STOP_SECONDS)
        except TimeoutError:
            worker.kill()
            await worker.wait()
