"""What an IP address tells of who is behind it."""

import ipaddress

LOOPBACK_START = ("127.", "::ffff:127.")

IPV6_HOUSE = 64
"""Bits of an IPv6 address that tell one house from another: within it everybody has as many addresses as they like."""


def is_loopback(address: str) -> bool:
    """Whether a numeric IP address is this machine's own."""
    return address == "::1" or address.startswith(LOOPBACK_START)


def house(address: str) -> str:
    """What one guesser can have of: an IPv4 address, or a network of IPv6 ones."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, IPV6_HOUSE), strict=False))
