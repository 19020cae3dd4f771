"""UDP ports of a range, as a firewall lets them through."""

import asyncio
import secrets
from typing import Any


class PortLoop(asyncio.SelectorEventLoop):
    """aioice asks for UDP port 0; here that is a free one of the range."""

    ports: range = range(0)

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Any, local_addr: Any = None, **options: Any
    ) -> Any:
        if not self.ports or local_addr is None or local_addr[1] != 0:
            return await super().create_datagram_endpoint(protocol_factory, local_addr=local_addr, **options)
        first = secrets.randbelow(len(self.ports))
        for port in (*self.ports[first:], *self.ports[:first]):
            try:
                return await super().create_datagram_endpoint(
                    protocol_factory, local_addr=(local_addr[0], port), **options
                )
            except OSError:  # taken; the next one may not be
                continue
        raise OSError(f"No UDP port from {self.ports[0]} to {self.ports[-1]} is free")
