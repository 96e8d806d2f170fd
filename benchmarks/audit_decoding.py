"""Decoding stills for audits: `python -m benchmarks.audit_decoding`, into results/audit-decoding.json.

Processor time of all processes together, so that a busy machine distorts it least.
"""

import argparse
import io
import os
import resource
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.record import record
from tomeishi import clock, wiring
from tomeishi.audit import plan
from tomeishi.audit.auditing import Auditor, Job, Task, audit_shard
from tomeishi.audit.shards import measured, sources_of
from tomeishi.audit.verdicts import Check
from tomeishi.config import Limits
from tomeishi.fingerprint.shipped import shipped_descriptors
from tomeishi.media import stills as stills_module
from tomeishi.media.sample import SamplePlan, sample
from tomeishi.media.stills import Stills
from tomeishi.testing.datasets import jpeg, write_tar
from tomeishi.testing.films import CATALOGUE, film, write_film
from tomeishi.testing.runners import InlineRunner

SEED = 610_000


def drawn(count: int, side: int) -> list[bytes]:
    """JPEGs of frames of films that nobody registered, each another part of one."""
    random = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        frames = []
        for number in range(3):
            path = Path(folder) / f"{number}.mp4"
            write_film(film(SEED + number, 6.0), path, width=640, height=360)
            with sample(path, SamplePlan(rate_hz=4, max_side=640), Limits()) as sampling:
                frames += [frame.pixels for frame in sampling]
    found = []
    for _ in range(count):
        frame = frames[int(random.integers(len(frames)))]
        x, y = (int(random.integers(0, 64)) for _ in range(2))
        found.append(jpeg(np.ascontiguousarray(frame[y : y + 290, x : x + 560]), 85, side))
    return found


def cpu_s(work: Callable[[], object]) -> float:
    """Of this process and of all children that ended."""

    def spent() -> float:
        return sum(
            usage.ru_utime + usage.ru_stime
            for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
        )

    before = spent()
    work()
    return spent() - before


def _fresh(pictures: Sequence[bytes], folder: Path) -> None:
    for data in pictures:
        (folder / "picture").write_bytes(data)
        with sample(folder / "picture", SamplePlan(), Limits()) as sampling:
            list(sampling)


def _shared(pictures: Sequence[bytes]) -> None:
    with Stills(Limits(), 512) as stills:
        stills.read([("picture", data) for data in pictures])


def _unguarded(pictures: Sequence[bytes]) -> None:
    for data in pictures:
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _described(pictures: Sequence[bytes]) -> None:
    """Decoding and describing alone: what the whole path is held against."""
    descriptors = shipped_descriptors()
    with Stills(Limits(), 512) as stills:
        for still in stills.read([("picture", data) for data in pictures]):
            if still.frame is not None:
                for descriptor in descriptors:
                    descriptor.describe(still.frame.pixels[np.newaxis])


def decoding(pictures: list[bytes], folder: Path) -> dict[str, float]:
    """Milliseconds of processor time for each picture."""
    few = pictures[:40]
    figures = {"unguarded": cpu_s(lambda: _unguarded(pictures)) / len(pictures)}
    figures["fresh_process"] = cpu_s(lambda: _fresh(few, folder)) / len(few)
    together = stills_module.TOGETHER
    for count in (1, 4, together):
        stills_module.TOGETHER = count
        # The start of the nursery is paid once for a worker, and left out here by a first run of few.
        once = cpu_s(lambda: _shared(few[:1]))
        figures[f"shared_by_{count}"] = (cpu_s(lambda: _shared(pictures)) - once) / len(pictures)
    stills_module.TOGETHER = together
    return {name: round(1000 * value, 3) for name, value in figures.items()}


def whole_path(pictures: list[bytes], folder: Path) -> dict[str, float]:
    """Decoding and describing alone, and the audit of the same pictures: seconds of processor time."""
    with wiring.open(folder / "home") as platform:
        for number, each in enumerate(CATALOGUE[:3]):
            path = folder / f"reference-{number}.mp4"
            write_film(replace(each, duration_s=20.0), path, width=480, height=270)
            platform.register(each.member, each.title, [path])
        archive = write_tar(folder / "set.tar", {f"{n:06}.jpg": data for n, data in enumerate(pictures)})
        for _ in platform.audits.run(
            [str(write_tar(folder / "one.tar", {"a.jpg": pictures[0]}))],
            folder / "audit",
            InlineRunner(),
            provider="bench",
            moment=clock.now().replace(microsecond=0),
        ):
            pass
        chosen, _ = plan.read(folder / "audit")
        job = Job(
            folder / "audit" / "basis.json",
            platform.settings.index,
            platform.settings.blobs,
            folder / "shards",
            frozenset(Check),
            Limits(),
            chosen.made_by,
        )
    (source,), _ = sources_of([str(archive)])
    (shard,) = measured(source)
    _described(pictures[:2])
    alone = min(cpu_s(lambda: _described(pictures)) for _ in range(3))
    worker = Auditor(job)
    audit_shard(worker, Task(shard, "warm", frozenset({0})))

    def audited() -> None:
        audit_shard(worker, Task(shard, "whole"))
        worker.close()  # its nursery is a child that has not ended; now its time counts

    whole = []
    for _ in range(3):
        whole.append(cpu_s(audited))
    return {"alone_s": round(alone, 3), "audit_s": round(min(whole), 3), "share": round(alone / min(whole), 4)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=800)
    given = parser.parse_args()
    pictures = drawn(given.pictures, 256)
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "pictures": len(pictures),
            "mean_bytes": round(sum(map(len, pictures)) / len(pictures)),
            "milliseconds": decoding(pictures, Path(folder)),
            "path": whole_path(pictures, Path(folder)),
            "load": round(os.getloadavg()[0], 1),
        }
    record("audit-decoding", seed=SEED, settings={"pictures": given.pictures, "side": 256}, figures=figures)
    print(figures)


if __name__ == "__main__":
    main()
