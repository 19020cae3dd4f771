"""Which of a publisher's ICE candidates are tried."""

UNRESOLVED = ".local"
"""A browser hides its address behind such a name until the camera is allowed. It would have to be asked for by
multicast; but the publisher's own checks come to us, and tell the address."""


def is_of_use(line: str) -> bool:
    """Whether a `candidate:` line (RFC 8839 section 5.1) names an address that can be tried: by UDP, and a number."""
    fields = line.removeprefix("a=").removeprefix("candidate:").split()
    return len(fields) >= 8 and fields[2].lower() == "udp" and not fields[4].lower().endswith(UNRESOLVED)


def without_hopeless(offer: str) -> str:
    """The offer without candidates that are of no use, and never the last word on them: the publisher's checks may
    come from anywhere, and it is the connect timer that ends the wait.
    """
    kept = [
        line
        for line in offer.splitlines()
        if line.rstrip() != "a=end-of-candidates" and (not line.startswith("a=candidate:") or is_of_use(line))
    ]
    return "\r\n".join(kept) + "\r\n"
