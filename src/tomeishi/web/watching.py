"""For whoever runs the service: is it alive, is it ready, and how much does it do. None of it needs signing in, and
none of it names anybody or anything.
"""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from tomeishi.errors import TomeishiError
from tomeishi.jobs import queue
from tomeishi.review import screenings
from tomeishi.wiring import Platform

router = APIRouter(include_in_schema=False)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


@router.get("/livez")
def alive() -> Response:
    """The process answers."""
    return PlainTextResponse("alive\n")


@router.get("/readyz")
def ready(request: Request) -> Response:
    """Whether requests can be served: database reachable and of this version, index readable."""
    platform: Platform = request.app.state.platform
    found = {}
    for name, check in platform.readiness():
        try:
            check()
            found[name] = "ok"
        except TomeishiError as error:
            found[name] = type(error).__name__  # its words may name places of this machine: `doctor` tells
    fine = set(found.values()) == {"ok"}
    return JSONResponse({"ready": fine, "checks": found}, 200 if fine else 503)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """In the text format of Prometheus."""
    measures: Measures = request.app.state.measures
    return Response(generate_latest(measures.registry), media_type="text/plain; version=0.0.4; charset=utf-8")


class Measures:
    """Counts of one process, and of the database that all processes share."""

    def __init__(self, platform: Platform) -> None:
        self.registry = CollectorRegistry()
        self._platform = platform
        labels = ("method", "route", "status")
        self.requests = Counter("tomeishi_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "tomeishi_request_seconds", "Until the last byte", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.registry.register(self)

    def collect(self) -> list[Metric]:
        """What the database says, at the moment of asking."""
        jobs = GaugeMetricFamily("tomeishi_jobs", "Jobs by state", labels=["state"])
        verdicts = GaugeMetricFamily("tomeishi_screenings", "Stored screenings by verdict", labels=["verdict"])
        with self._platform.reading() as tx:
            for state, number in queue.counts(tx).items():
                jobs.add_metric([state.value], number)
            for verdict, number in screenings.counts(tx).items():
                verdicts.add_metric([verdict.value], number)
        return [jobs, verdicts]


class Measured:
    """Around the application: counts every answer under the template of its route, never under its path."""

    def __init__(self, app: Application, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._measures.requests.labels(_known(scope["method"]), route, str(status)).inc()
            self._measures.seconds.labels(route).observe(time.perf_counter() - begun)


def _known(method: str) -> str:
    """Anybody may send any word: only these become a label."""
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "other"
