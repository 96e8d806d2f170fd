"""Media to fingerprints: frames are described in batches while the next ones are still being decoded.

A picture that stands still is described once: its later samples have the row of the first (`standing`).
Memory stays bounded whatever the length: a few batches of frames, and the rows, which for two hours at 2 Hz
are some 15 MB for both shipped descriptors.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.config import Limits
from tomeishi.errors import BadInput, UnreadableMedia
from tomeishi.fingerprint.descriptor import Descriptor, DescriptorSpec, Rows
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.fingerprint.standing import Glance, glance, stands_still
from tomeishi.media.guard import shown
from tomeishi.media.probe import MediaInfo, probe
from tomeishi.media.sample import Frame, SamplePlan, sample
from tomeishi.values import MediaKind, Partial

BATCH = 16
"""Frames described together: at 512 x 288 pixels 7 MB."""
WAITING_BATCHES = 2
"""Batches decoded ahead of the one being described; past them decoding waits."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one media item gave. `fingerprints` by descriptor key; no rows for sound without pictures."""

    info: MediaInfo
    duration_s: float
    """Measured; for sound alone as its container declares it."""
    partial: Partial | None
    fingerprints: Mapping[str, Fingerprint]


Watch = Callable[[Sequence[Frame], Sequence[Rows]], None]
"""Is shown each batch of frames with their rows, one for each descriptor, in order, from a thread of its own."""


def extract(
    path: Path,
    descriptors: Sequence[Descriptor],
    plan: SamplePlan,
    limits: Limits,
    *,
    watch: Watch | None = None,
    begun: Callable[[MediaInfo], object] | None = None,
) -> Extraction:
    """Fingerprints of the media at `path`, one for each of `descriptors`; `watch` sees the frames on the way, and
    `begun` hears what the file holds as soon as that is known.

    Raises NotFound and UnreadableMedia as `media.sample.sample` does; media cut short is a `partial`, not an error.
    """
    try:
        with sample(path, plan, limits) as sampling:
            if begun is not None:
                begun(sampling.info)
            times_s, described = _described(sampling, descriptors, watch)
    except UnreadableMedia:
        info = probe(path, limits)
        if info.kind is not MediaKind.SOUND:
            raise
        nothing = {d.spec.key: _joined(d.spec, [], [], info.duration_s) for d in descriptors}
        return Extraction(info, info.duration_s, None, nothing)
    except BadInput as error:  # of a descriptor: a picture too small to describe
        raise UnreadableMedia(f"{shown(path)}: {error}") from error
    return Extraction(
        info=sampling.info,
        duration_s=sampling.duration_s,
        partial=sampling.partial,
        fingerprints={
            descriptor.spec.key: _joined(descriptor.spec, times_s, rows, sampling.duration_s)
            for descriptor, rows in zip(descriptors, described, strict=True)
        },
    )


def _described(
    frames: Iterable[Frame], descriptors: Sequence[Descriptor], watch: Watch | None
) -> tuple[list[float], list[list[Rows]]]:
    """Times of all frames, and for each descriptor its rows batch by batch."""
    times_s: list[float] = []
    described: list[list[Rows]] = [[] for _ in descriptors]
    describe = _Describing(descriptors)
    waiting: deque[Future[list[Rows]]] = deque()

    def take() -> None:
        for kept, rows in zip(described, waiting.popleft().result(), strict=True):
            kept.append(rows)

    def watched(batch: list[Frame], coming: Future[list[Rows]]) -> list[Rows]:
        rows = coming.result()
        if watch is not None:
            watch(batch, rows)
        return rows

    # Two workers beside this thread, which waits on the decoder: the next batch is described while whoever watches
    # looks more closely at the last one. All libraries below release the interpreter.
    with (
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="describe") as worker,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch") as onlooker,
    ):
        for batch in _batches(frames):
            times_s.extend(frame.time_s for frame in batch)
            waiting.append(onlooker.submit(watched, batch, worker.submit(describe.batch, batch)))
            if len(waiting) > WAITING_BATCHES:
                take()
        while waiting:
            take()
    return times_s, described


def _batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Runs of at most BATCH frames of one size: a stream may change its size on the way."""
    batch: list[Frame] = []
    for frame in frames:
        if batch and (len(batch) == BATCH or frame.pixels.shape != batch[0].pixels.shape):
            yield batch
            batch = []
        batch.append(frame)
    if batch:
        yield batch


class _Describing:
    """Describes batches, in order; a sample that shows what the last described one showed takes over its rows."""

    def __init__(self, descriptors: Sequence[Descriptor]) -> None:
        self._descriptors = descriptors
        self._last: tuple[Glance, tuple[int, ...]] | None = None
        self._last_rows: list[Rows] = []

    def batch(self, frames: list[Frame]) -> list[Rows]:
        """One Rows for each descriptor, with a row for each frame; frames are of one size."""
        new: list[int] = []
        owner = np.zeros(len(frames), np.intp)
        for number, frame in enumerate(frames):
            seen = glance(frame.pixels)
            if self._last is None or self._last[1] != frame.pixels.shape or not stands_still(self._last[0], seen):
                self._last = seen, frame.pixels.shape
                new.append(number)
            owner[number] = len(new)
        samples = np.stack([frames[number].pixels for number in new]) if new else None
        rows = []
        for number, each in enumerate(self._descriptors):
            known = self._last_rows[number : number + 1]
            fresh = [] if samples is None else [each.describe(samples)]
            rows.append(_taken(_together(each.spec, [*known, *fresh]), owner + len(known) - 1))
        self._last_rows = [_taken(each, np.array([len(frames) - 1])) for each in rows]
        return rows


def _taken(rows: Rows, numbers: NDArray[np.intp]) -> Rows:
    return Rows(rows.values[numbers], rows.quality[numbers])


def _joined(spec: DescriptorSpec, times_s: list[float], rows: list[Rows], duration_s: float) -> Fingerprint:
    joined = _together(spec, rows)
    return Fingerprint.of(
        spec,
        times_s=np.array(times_s, np.float64),
        rows=joined.values,
        quality=joined.quality,
        duration_s=duration_s,
    )


def _together(spec: DescriptorSpec, rows: list[Rows]) -> Rows:
    empty = Rows(np.zeros((0, spec.row_width), spec.row_dtype), np.zeros(0, np.float32))
    parts = [empty, *rows]
    return Rows(np.concatenate([part.values for part in parts]), np.concatenate([part.quality for part in parts]))
