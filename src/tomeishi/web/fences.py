"""Around every request: a bound on its body, headers that tell the browser what this site never does, and an answer
without words of the machine's where a bug of ours ends it.

The content security policy allows nothing that does not come from this machine, and no inline script or style at all.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import Request, Response
from starlette.exceptions import HTTPException

_LOG = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_BYTES = 1 << 20
"""Of a request that uploads nothing."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""A response that sets one of these itself keeps its own."""

ENCRYPTED_ONLY = "max-age=31536000"


class Fences:
    """`is_upload` says which paths take forms of more than `BODY_BYTES`."""

    def __init__(
        self,
        app: Application,
        is_upload: Callable[[str], bool],
        upload_bytes: int,
        failed: Callable[[Request], Response],
    ) -> None:
        self._app = app
        self._failed = failed
        self._is_upload = is_upload
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        form = dict(scope["headers"]).get(b"content-type", b"").startswith(b"multipart/form-data")
        limit = self._upload_bytes if form and self._is_upload(scope["path"]) else BODY_BYTES
        taken, begun = 0, False

        async def bounded() -> Message:
            nonlocal taken
            _refuse_declared(scope, limit)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _too_large(limit)
            return message

        async def fenced(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                present = {name.lower() for name, _ in message["headers"]}
                headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                if scope["scheme"] == "https":
                    headers.append((b"strict-transport-security", ENCRYPTED_ONLY.encode()))
                message["headers"] = [*message["headers"], *(each for each in headers if each[0] not in present)]
            await send(message)

        try:
            await self._app(scope, bounded, fenced)
        except Exception:
            _LOG.exception("unexpected error", extra={"path": scope["path"]})
            if begun:
                raise
            await self._failed(Request(scope))(scope, receive, fenced)


def _refuse_declared(scope: Scope, limit: int) -> None:
    """A length that is too large is refused before a byte of it is read."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > limit):
            raise _too_large(limit)


def _too_large(limit: int) -> HTTPException:
    # Not one of our own errors: the framework reads bodies, and takes any other for a body that can't be parsed.
    return HTTPException(413, f"more than {limit} bytes are not taken here")
