"""Who may change something, or learn what viewers may not: who has the API token."""

import hmac

from aiohttp import web

from vitrine.origin.problems import problem


class Access:
    """Over the server's token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def refusal(self, request: web.Request) -> web.Response | None:
        """What to answer instead, in words, where a request lacks the token; None where it has it."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            text = "This needs the API token: send it as Authorization: Bearer TOKEN"
            return problem(401, text, WWW_Authenticate="Bearer")
        if not hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), self._token):
            text = "That is not this server's API token; it is in the data folder, in the file api-token"
            return problem(401, text, WWW_Authenticate='Bearer error="invalid_token"')
        return None
