"""The JSON routes under `/api/v1`; all errors have one form, without a traceback."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from leaderboard.board import current_board
from leaderboard.refusal import RefusalError
from leaderboard.store.standings import metrics_of, rank_of, row_json, standings, submission_json
from leaderboard.web.accept import accept
from leaderboard.web.upload import read_upload
from younger_hf.errors import YoungerError
from younger_hf.tasks import TRACKS

LOG = logging.getLogger(__name__)
PREFIX = "/api/v1"

Handler = Callable[[Request], Awaitable[Response]]


def answer_errors(handler: Handler) -> Handler:
    """Answer everything that a handler raises in the one form of error of the API."""

    @functools.wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusalError as refusal:
            error = refusal
        except ClientDisconnect:
            error = RefusalError(400, "disconnected", "The connection ended before the request did.")
        except SQLAlchemyError:
            LOG.exception("%s %s: the store failed", request.method, request.url.path)
            error = RefusalError(503, "busy", "The board's database does not answer.", "Try again in a minute.")
        except (YoungerError, OSError):
            LOG.exception("%s %s: the board is not usable", request.method, request.url.path)
            error = RefusalError(503, "unavailable", "The board is not usable at the moment.", "Tell the board's host.")
        except Exception:
            LOG.exception("%s %s: unexpected", request.method, request.url.path)
            error = RefusalError(500, "internal", "The board had an internal error.", "Tell the board's host.")
        return JSONResponse(error.to_json(), status_code=error.status)

    return guarded


@answer_errors
async def health(request: Request) -> Response:
    """Answer whether the board works, and for which dataset."""
    board = current_board()
    await run_in_threadpool(board.store.counts)
    return JSONResponse({"status": "ok", "dataset": board.release.content_hash})


@answer_errors
async def leaderboard(request: Request) -> Response:
    """Answer the ranked rows of one track, or of all."""
    board = current_board()
    content_hash = board.release.content_hash
    track = request.query_params.get("track")
    if track is None:
        tables = {name: await run_in_threadpool(standings, board.store, name, content_hash) for name in TRACKS}
        return JSONResponse(
            {
                "content_hash": content_hash,
                "tracks": {name: [row_json(row) for row in table] for name, table in tables.items()},
            }
        )
    if track not in TRACKS:
        expected = f"expected one of: {', '.join(TRACKS)}"
        raise RefusalError(404, "unknown_track", f"Unknown track {track[:100]!r}; {expected}.")
    table = await run_in_threadpool(standings, board.store, track, content_hash)
    primary = metrics_of(track)[0]
    return JSONResponse(
        {
            "track": track,
            "content_hash": content_hash,
            "primary": primary.name,
            "direction": primary.direction,
            "rows": [row_json(row) for row in table],
        }
    )


@answer_errors
async def submission(request: Request) -> Response:
    """Answer the state of one submission with its scores or problems."""
    board = current_board()
    submission_id = request.path_params["submission_id"]
    found = await run_in_threadpool(board.store.get, submission_id)
    if found is None:
        raise RefusalError(
            404, "not_found", f"Unknown submission {submission_id[:64]!r}.", "Use the id that submitting returned."
        )
    return JSONResponse(submission_json(found, await run_in_threadpool(rank_of, board.store, found)))


@answer_errors
async def submit(request: Request) -> Response:
    """Accept a submission; it is validated and scored after the answer."""
    board = current_board()
    async with read_upload(request, board.settings) as upload:
        accepted = await run_in_threadpool(accept, board, upload.predictions, upload.file_name, upload.metadata)
    return JSONResponse({"id": accepted.id, "state": accepted.state}, status_code=202)


@answer_errors
async def unknown(request: Request) -> Response:
    """Refuse any other path under `/api`, which would otherwise be answered with the page."""
    known = ", ".join(f"{route.path} ({'/'.join(sorted(route.methods or ()))})" for route in ROUTES[:-1])
    raise RefusalError(
        404, "unknown_route", f"Unknown route {request.method} {request.url.path[:100]!r}.", f"Routes: {known}."
    )


ROUTES = [
    Route(f"{PREFIX}/health", health, methods=["GET"]),
    Route(f"{PREFIX}/leaderboard", leaderboard, methods=["GET"]),
    Route(f"{PREFIX}/submissions", submit, methods=["POST"]),
    Route(f"{PREFIX}/submissions/{{submission_id}}", submission, methods=["GET"]),
    Route("/api/{path:path}", unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
"""All routes beside those of the pages."""
