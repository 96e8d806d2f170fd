"""The web application of one platform: pages, and REST under `/v1`. Handlers are thin doors and run in threads."""

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from tomeishi.config import SPOOL_BYTES
from tomeishi.web import openid, signing_in, watching
from tomeishi.web.api import (
    audits,
    consents,
    documentation,
    evidence,
    exclusions,
    matches,
    me,
    members,
    operations,
    people,
    references,
    screenings,
    works,
)
from tomeishi.web.fences import Fences
from tomeishi.web.forgery import refuse_forgery
from tomeishi.web.openid import OpenIdProvider
from tomeishi.web.pages.files import mount_files
from tomeishi.web.pages.routers import PAGES
from tomeishi.web.problems import answer_errors, failed
from tomeishi.web.rates import REQUESTS, WRONG_KEYS, Rates
from tomeishi.web.standing import Standing
from tomeishi.web.uploads import Spool, takes_uploads
from tomeishi.web.watching import Measured, Measures
from tomeishi.wiring import Platform

UPLOAD_BYTES = 8 << 30
"""Largest upload; a film of two hours in good quality fits."""

ROUTERS = (
    signing_in.router,
    openid.router,
    documentation.router,
    me.router,
    members.router,
    works.router,
    references.router,
    consents.router,
    screenings.router,
    matches.router,
    exclusions.router,
    evidence.router,
    audits.router,
    operations.router,
    people.router,
)


def create_app(
    platform: Platform,
    *,
    upload_bytes: int = UPLOAD_BYTES,
    spool_bytes: int = SPOOL_BYTES,
    requests_a_minute: int = REQUESTS,
    wrong_keys_a_minute: int = WRONG_KEYS,
    standing: Standing | None = None,
) -> FastAPI:
    """The application; whoever made the platform closes it. A worker (`tasks.handlers`) may share `standing`."""
    app = FastAPI(
        title="Tomeishi",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_forgery)],
    )
    app.state.platform = platform
    app.state.spool = Spool(platform.settings.spool, spool_bytes)
    app.state.measures = Measures(platform)
    app.state.standing = standing or Standing(platform)
    openid_settings = platform.settings.openid
    app.state.openid = None if openid_settings is None else OpenIdProvider(openid_settings)
    app.state.rates = Rates(requests_a_minute, wrong_keys_a_minute)
    for router in (*ROUTERS, *PAGES):
        app.include_router(router)
    mount_files(app)
    documentation.describe(app)
    answer_errors(app)
    app.include_router(watching.router)
    app.add_middleware(Measured, measures=app.state.measures)
    doors = [route.path_regex for route in upload_routes(app)]
    app.add_middleware(
        Fences,
        is_upload=lambda path: any(door.match(path) for door in doors),
        upload_bytes=upload_bytes,
        failed=failed,
    )
    return app


def upload_routes(app: FastAPI) -> list[APIRoute]:
    """Those that take a file."""
    return [route for route in documentation.routes(app) if takes_uploads(route.dependant)]
