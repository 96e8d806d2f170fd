"""Audits of one test's installation, run in this process."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet as pq

from tomeishi import clock, wiring
from tomeishi.audit.verdicts import Check
from tomeishi.config import Limits
from tomeishi.jobs.runner import Runner
from tomeishi.media.sample import frames_at
from tomeishi.testing.datasets import jpeg
from tomeishi.testing.runners import InlineRunner
from tomeishi.wiring import Platform

MOMENT = clock.from_text("2036-01-01T00:00:00Z")
"""After whatever a test records."""


@dataclass(frozen=True, slots=True)
class Audited:
    """The folder of a finished audit."""

    out: Path
    failures: tuple[str, ...]

    @property
    def summary(self) -> dict[str, Any]:
        words: dict[str, Any] = json.loads((self.out / "summary.json").read_text())
        return words

    def table(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.out / f"{name}.parquet").to_pylist()
        return rows

    @property
    def kept(self) -> list[str]:
        return (self.out / "keep.txt").read_text(encoding="utf-8").splitlines()

    @property
    def denied(self) -> dict[str, str]:
        """Reasons by key."""
        return {row["key"]: row["reason"] for row in self.table("deny")}

    @property
    def skipped(self) -> dict[str, str]:
        """Details by key."""
        return {row["key"]: row["detail"] for row in self.table("skipped")}


Audit = Callable[..., Audited]


@pytest.fixture
def platform(installed: Any) -> Iterator[Platform]:
    with wiring.open(installed.home) as opened:
        yield opened


@pytest.fixture
def audit(platform: Platform, tmp_path: Path) -> Audit:
    def command(
        *datasets: Path | str,
        out: str = "audit",
        checks: Sequence[Check] = tuple(Check),
        runner: Runner | None = None,
        provider: str = "acme",
    ) -> Audited:
        failures: tuple[str, ...] = ()
        names = [str(dataset) for dataset in datasets]
        for progress in platform.audits.run(
            names, tmp_path / out, runner or InlineRunner(), provider=provider, checks=checks, moment=MOMENT
        ):
            failures = progress.failures
        return Audited(tmp_path / out, failures)

    return command


@pytest.fixture(scope="session")
def copies(references: tuple[Path, ...]) -> tuple[bytes, ...]:
    """A frame of each reference, made smaller and encoded anew."""
    return tuple(jpeg(frames_at(path, [5.0], Limits())[0].pixels) for path in references)
