"""The time of a whole screening over that of decoding alone: `python -m benchmarks.speed`.

A clean drawn film in H.264 at four sizes, against a small registry. Three things take turns, so that what else
the machine does hits them alike; figures are medians, ratios are taken turn by turn. `bare` decodes with PyAV and does
nothing with the frames; `sampled` is our own reading in the guarded process, which samples, scales and hands over;
`screened` is everything. All three decode on one thread and leave out non-reference frames.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.material import FIRST_SEED, UNREGISTERED, Half, drawn_films, made, media_folder, registry
from benchmarks.record import record
from tomeishi.config import Limits
from tomeishi.media.sample import sample
from tomeishi.screening.outputs import PLAN
from tomeishi.testing.films import film, frames, music
from tomeishi.testing.recording import write_media

SIZES = {"1080p": (1920, 1080), "720p": (1280, 720), "360p": (640, 360), "240p": (426, 240)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="turns")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the film")
    parser.add_argument("--sizes", nargs="*", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--films", type=int, default=6, help="registered films")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    figures: dict[str, Any] = {}
    with registry(drawn_films(Half.DEVELOPMENT, options.films, 24.0)) as platform:
        screener = platform.screener()
        for name in options.sizes:
            path = clean(name, options.seconds)
            screener.screen(path, str(path))  # the first one loads the libraries
            turns = [
                (cost(lambda: bare(path)), cost(lambda: sampled(path)), cost(lambda: screener.screen(path, str(path))))  # noqa: B023
                for _ in range(options.runs)
            ]
            figures[name] = row(turns, options.seconds)
    settings = vars(options) | {"load_before": round(load, 2), "sizes": {name: SIZES[name] for name in options.sizes}}
    print(record("speed", seed=FIRST_SEED[Half.DEVELOPMENT], settings=settings, figures=figures))


Cost = tuple[float, float]
"""Wall and CPU seconds."""


def row(turns: list[tuple[Cost, Cost, Cost]], seconds: float) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for number, what in enumerate(("bare", "sampled", "screened")):
        words[f"{what}_wall_s"] = round(median(turn[number][0] for turn in turns), 3)
        words[f"{what}_cpu_s"] = round(median(turn[number][1] for turn in turns), 3)
    for number, what in enumerate(("bare", "sampled")):
        words[f"wall_ratio_to_{what}"] = round(median(turn[2][0] / turn[number][0] for turn in turns), 3)
        words[f"cpu_ratio_to_{what}"] = round(median(turn[2][1] / turn[number][1] for turn in turns), 3)
    words["core_ms_per_video_second"] = round(1000 * median(turn[2][1] for turn in turns) / seconds, 1)
    return words


def clean(name: str, seconds: float) -> Path:
    drawn, size = film(FIRST_SEED[Half.DEVELOPMENT] + UNREGISTERED + 3000, seconds), SIZES[name]

    def enlarged() -> Iterator[NDArray[np.uint8]]:
        for frame in frames(drawn, 24, 640, 360):
            yield np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    path = media_folder() / f"clean-{name}-{seconds:g}s.mp4"
    return made(path, lambda to: write_media(to, enlarged(), rate_hz=24, sound=music(drawn)))


def bare(path: Path) -> None:
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        stream.codec_context.skip_frame = "NONREF"
        for _ in container.decode(stream):
            pass


def sampled(path: Path) -> None:
    with sample(path, PLAN, Limits()) as sampling:
        for _ in sampling:
            pass


def cost(work: Callable[[], object]) -> Cost:
    """Of this process and its ended children."""
    began, cpu = time.perf_counter(), _cpu_s()
    work()
    return time.perf_counter() - began, _cpu_s() - cpu


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
