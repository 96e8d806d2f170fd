"""An OpenID provider of our own, run as a process: `python openid_provider.py PORT LIE`.

It signs whoever comes in as `sub-1`. `LIE` names what is wrong with its ID tokens: `none`, `nonce`, `audience`,
`issuer`, `expired`, `key` or `unsigned`.
"""

import base64
import hashlib
import secrets
import sys
import time
from typing import Annotated, Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Form, HTTPException
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

port, lie = int(sys.argv[1]), sys.argv[2]
issuer = f"http://127.0.0.1:{port}"
key, other_key = (RSAKey.generate_key(2048, {"kid": "1"}) for _ in range(2))
codes: dict[str, dict[str, str]] = {}
app = FastAPI()


@app.get("/.well-known/openid-configuration")
def configuration() -> dict[str, str]:
    places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
    return {"issuer": issuer, **{name: issuer + path for name, path in places.items()}}


@app.get("/authorize")
def authorize(client_id: str, redirect_uri: str, state: str, nonce: str, code_challenge: str) -> RedirectResponse:
    code = secrets.token_urlsafe(16)
    codes[code] = {"client": client_id, "to": redirect_uri, "nonce": nonce, "challenge": code_challenge}
    return RedirectResponse(f"{redirect_uri}?{urlencode({'code': code, 'state': state})}")


@app.post("/token")
def token(
    code: Annotated[str, Form()],
    redirect_uri: Annotated[str, Form()],
    code_verifier: Annotated[str, Form()],
    client_id: Annotated[str, Form()],
    client_secret: Annotated[str, Form()],
) -> dict[str, Any]:
    known = codes.pop(code, None)
    digest = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
    if known is None or (known["client"], known["to"], known["challenge"]) != (client_id, redirect_uri, digest):
        raise HTTPException(400, "not the one who began")
    if client_secret != "secret":
        raise HTTPException(401, "wrong secret")
    claims = {
        "iss": "https://elsewhere.example" if lie == "issuer" else issuer,
        "aud": "somebody else" if lie == "audience" else client_id,
        "sub": "sub-1",
        "nonce": "an older one" if lie == "nonce" else known["nonce"],
        "exp": int(time.time()) + (-3600 if lie == "expired" else 300),
    }
    if lie == "unsigned":
        parts = (b'{"alg":"none"}', str(claims).replace("'", '"').encode())
        return {"id_token": ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts) + "."}
    signed_with = other_key if lie == "key" else key
    return {"id_token": jwt.encode({"alg": "RS256", "kid": "1"}, claims, signed_with)}


@app.get("/keys")
def keys() -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False)]}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
