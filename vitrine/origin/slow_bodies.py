"""A time limit for the bodies of requests: aiohttp has one of its own for heads only, and would wait for ever."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from vitrine.origin.problems import problem

BODY_SECONDS = 10.0
"""As long as for a head. 64 KB take two seconds at 256 kbit/s."""


class _TooSlowError(Exception):
    """The body was not there in time."""


@web.middleware
async def hurried(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let whoever handles a request wait for its body for BODY_SECONDS, and no longer."""
    if not request.can_read_body:
        return await handler(request)

    def give_up() -> None:
        if not request.content.is_eof():
            request.content.set_exception(_TooSlowError())

    timer = asyncio.get_running_loop().call_later(BODY_SECONDS, give_up)
    try:
        return await handler(request)
    except _TooSlowError:
        answer = problem(408, f"The body of the request did not come within {BODY_SECONDS:.0f} s")
        answer.force_close()
        return answer
    finally:
        timer.cancel()
