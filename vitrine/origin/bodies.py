"""Bodies of requests come in time, or the request is over. For aiohttp, which has no limit of its own."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from vitrine.origin.problems import problem

BODY_TIME = 10.0
"""Seconds for all of a body: 64 KB at most (app.py), which a telephone sends in one."""


class _LateError(Exception):
    """Raised in whoever reads the body."""


@web.middleware
async def bodies_in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 408 where a handler waits for a body for too long; one that comes to nothing is nobody's mistake here."""
    if not request.can_read_body:
        return await handler(request)
    timer = asyncio.get_running_loop().call_later(BODY_TIME, request.content.set_exception, _LateError())
    try:
        return await handler(request)
    except _LateError:
        answer = problem(408, f"The body did not come within {BODY_TIME:.0f} s")
    except ConnectionError:
        answer = problem(400, "The connection ended within the body")  # for nobody, but not for the log
    finally:
        timer.cancel()
    request.content.feed_eof()  # nothing more of it is waited for
    answer.force_close()
    return answer
