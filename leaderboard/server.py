"""The board as one ASGI application: the pages, the JSON routes, and the worker beside them.

`uvicorn leaderboard.server:app` serves the board that environment variables describe;
`python -m leaderboard` sets them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from leaderboard.board import current_board
from leaderboard.scoring.supervisor import worker_running
from leaderboard.web.api import ROUTES


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Open the board and keep its worker running until the server stops."""
    async with worker_running(current_board().settings):
        yield {}


app = st.App(Path(__file__).parent / "pages" / "app.py", routes=ROUTES, lifespan=lifespan)
