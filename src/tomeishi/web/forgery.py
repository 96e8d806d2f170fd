"""Requests that another site makes in somebody's name: refused, three times over.

Cookies are `SameSite=Lax`; a browser that says where a request comes from (`Sec-Fetch-Site`, `Origin`) is believed; and
every request with a cookie that changes something repeats a token, in the header `X-CSRF-Token` or the form field
`csrf`. The token is a digest of the cookie's own secret: it dies with the session, and nothing is kept for it.
"""

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request, Response

from tomeishi.errors import NotPermitted

SESSION = "tomeishi_session"
VISIT = "tomeishi_visit"
"""Of whoever has not signed in yet: so that the form for signing in has a token too."""

HEADER = "X-CSRF-Token"
FIELD = "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM = "application/x-www-form-urlencoded"


async def refuse_forgery(request: Request) -> None:
    """NotPermitted for a request that changes something and was not made by a page of ours, or by a program."""
    if request.method in SAFE:
        return
    _refuse_other_sites(request)
    if "authorization" in request.headers:
        return  # no browser adds a key by itself
    secret = request.cookies.get(SESSION) or request.cookies.get(VISIT)
    if secret is None and request.url.path.startswith("/v1"):
        return  # nothing speaks for anybody: the route asks who it is
    given = request.headers.get(HEADER)
    if given is None and request.headers.get("content-type", "").partition(";")[0].strip() == _FORM:
        value = (await request.form()).get(FIELD)
        given = value if isinstance(value, str) else None
    if secret is None or given is None or not hmac.compare_digest(token_of(secret).encode(), given.encode()):
        raise NotPermitted(f"this request lacks its token ({HEADER}); load the page anew")


def token_of(secret: str) -> str:
    """What a page with this cookie has to repeat."""
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()


def visit(request: Request) -> tuple[str, bool]:
    """The secret that a page's token is made of, and whether it is new: then the response has to set it (`VISIT`)."""
    secret = request.cookies.get(SESSION) or request.cookies.get(VISIT)
    return (secret, False) if secret else (secrets.token_urlsafe(32), True)


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """For this browser session; out of reach of scripts, and `Secure` where the connection is."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, path="/", httponly=True, samesite="lax", secure=secure)


def _refuse_other_sites(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise NotPermitted("this request comes from another site")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise NotPermitted("this request comes from another site")
