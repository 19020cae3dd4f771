"""A crew that commands cues over HTTP and remembers what each was meant for."""

import asyncio
import uuid
from dataclasses import dataclass, field
from fractions import Fraction

import aiohttp

from bench.served import CHANNEL, TOKEN

TRIES = 20
"""Of one command; each refusal by the rate limit says how long to wait."""


@dataclass
class Crew:
    """`frames` maps the frame of each change to the products that are on show from there."""

    http: str
    rate: Fraction
    session: aiohttp.ClientSession
    frames: dict[int, list[str]] = field(default_factory=dict)

    async def command(self, **body: object) -> dict[str, object]:
        """Send one command until it is answered; raises for a refusal other than the rate limit's."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": uuid.uuid4().hex}
        for _ in range(TRIES):
            address = f"{self.http}/api/channels/{CHANNEL}/cues"
            async with self.session.post(address, json=body, headers=headers) as response:
                answer = await response.json(content_type=None)
                if response.status == 200:
                    return dict(answer)
                if response.status != 429:
                    raise RuntimeError(f"{response.status}: {answer}")
                await asyncio.sleep(float(response.headers["Retry-After"]))
        raise RuntimeError("The rate limit never let this command through")

    async def show(self, *products: str, frame: int) -> None:
        """From a frame of programme time on, exactly these products, from slot 1 on."""
        at = {"programme": float(frame / self.rate)}
        action = {"action": "show", "products": list(products)} if products else {"action": "clear"}
        answer = await self.command(**action, at=at)
        if answer["frame"] != frame:
            raise RuntimeError(f"Meant for frame {frame}, stamped at {answer['frame']}")
        for slot in range(len(products) + 1, 4) if products else ():
            await self.command(action="hide", slot=slot, at=at)
        self.frames[frame] = sorted(products)

    def expected(self, frame: int) -> list[str]:
        """What is on show at a frame."""
        return self.frames[max(past)] if (past := [at for at in self.frames if at <= frame]) else []
