"""Style, scripts and typeface, from this machine alone."""

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tomeishi.evidence.typeface import FONTS
from tomeishi.web.shell import STATIC


class _Files(StaticFiles):
    """A browser asks again each time and is told 304 as long as nothing changed; the typeface never changes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        lasting = path.endswith(".ttf")
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return answer


def mount_files(app: FastAPI) -> None:
    """Under /static."""
    app.mount("/static/fonts", _Files(directory=FONTS), name="fonts")
    app.mount("/static", _Files(directory=STATIC), name="static")
