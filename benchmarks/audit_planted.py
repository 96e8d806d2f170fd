"""A synthetic data set with planted copies and edits: `python -m benchmarks.audit_planted --rows 1000000`.

Into results/audit-planted.json. Rows are metadata with captions; a part has thumbnails; 2,000 of these (2 % of fewer
rows) are frames of registered films, half of them plain copies, half edited. The rest are frames of films that nobody
registered, of the same hand: near in looks.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from pyarrow import parquet as pq

from benchmarks.record import record
from tomeishi import wiring
from tomeishi.config import Limits
from tomeishi.media.sample import SamplePlan, sample
from tomeishi.testing.films import CATALOGUE, film, write_film

SEED = 640_000
SIDE = 256
_COMMAND = ("--use", "train", "--provider", "bench", "--at", "2036-01-01")
_WORDS = (
    *("red", "old", "small", "bright", "quiet", "stone", "river", "street", "market", "garden", "morning", "winter"),
    *("bridge", "window", "table", "bird", "horse", "boat", "lamp", "cloud", "mountain", "photo", "view", "near"),
    *(
        "with",
        "under",
        "over",
        "blue",
        "green",
        "wooden",
        "写真",
        "風景",
        "街",
        "海",
        "山",
        "庭",
        "朝",
        "冬",
        "橋",
        "窓",
    ),
)

Picture = NDArray[np.uint8]


def _crop(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 8, height // 8, width - width // 8, height - height // 8))


def _captioned(picture: Image.Image) -> Image.Image:
    picture = picture.copy()
    width, height = picture.size
    drawing = ImageDraw.Draw(picture)
    drawing.rectangle((0, height - height // 6, width, height), fill="black")
    drawing.text((8, height - height // 7), "words below a picture", fill="white")
    return picture


BETWEEN = "film frame between two samples"
"""Of a moving picture: no frame of the reference shows the same."""


def _faded(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(1.35)).enhance(0.5)


EDITS: dict[str, Any] = {
    "copy, same size": lambda picture: picture,
    "copy, half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "crop to three quarters": _crop,
    "mirror": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "caption over the foot": _captioned,
    "brightness and colour": lambda picture: ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(1.35)).enhance(
        0.5
    ),
    "blur": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    BETWEEN: lambda picture: picture,
}
PLAIN = ("copy, same size", "copy, half the size")


def _frames(seeds: list[tuple[Any, float]], folder: Path, rate_hz: float) -> list[list[Picture]]:
    found = []
    for number, (drawn, duration_s) in enumerate(seeds):
        path = folder / f"film-{number}.mp4"
        if not path.exists():
            write_film(replace(drawn, duration_s=duration_s), path, width=640, height=360)
        with sample(path, SamplePlan(rate_hz=rate_hz, scene_changes=False, max_side=640), Limits()) as sampling:
            found.append([frame.pixels for frame in sampling])
    return found


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    picture.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return data.getvalue()


def write_set(
    folder: Path,
    rows: int,
    rows_in_shard: int,
    thumbnails: float,
    planted: int,
    own: list[Picture],
    between: list[Picture],
    others: list[Picture],
) -> dict[str, str]:
    """Parquet shards; the truth: edit by key of each planted row."""
    random = np.random.default_rng(SEED)
    places = random.choice(rows, planted, replace=False)
    edits = {int(place): list(EDITS)[n % len(EDITS)] for n, place in enumerate(places[planted // 2 :])}
    edits |= {int(place): PLAIN[n % 2] for n, place in enumerate(places[: planted // 2])}
    schema = pa.schema([("key", pa.string()), ("url", pa.string()), ("caption", pa.string()), ("image", pa.binary())])
    folder.mkdir()
    for start in range(0, rows, rows_in_shard):
        count = min(rows_in_shard, rows - start)
        columns: dict[str, list[Any]] = {name: [] for name in schema.names}
        shown = random.random(count) < thumbnails
        for n in range(start, start + count):
            picture = None
            if n in edits:
                pool = between if edits[n] == BETWEEN else own
                frame = Image.fromarray(pool[int(random.integers(len(pool)))])
                picture = _jpeg(EDITS[edits[n]](frame), int(random.integers(60, 95)))
            elif shown[n - start]:
                frame = Image.fromarray(others[int(random.integers(len(others)))])
                x, y = int(random.integers(0, 60)), int(random.integers(0, 60))
                picture = _jpeg(frame.crop((x, y, x + 560, y + 290)), int(random.integers(60, 95)))
            columns["key"].append(f"{n:09}")
            columns["url"].append(f"https://host-{random.integers(5000)}.example.org/{n}.jpg")
            columns["caption"].append(" ".join(random.choice(_WORDS, 8)))
            columns["image"].append(picture)
        pq.write_table(pa.table(columns, schema), folder / f"{start // rows_in_shard:05}.parquet", row_group_size=2000)
    return {f"{place:09}": edit for place, edit in edits.items()}


def _outcomes(out: Path, truth: dict[str, str]) -> dict[str, Any]:
    denied = {row["key"] for row in pq.read_table(out / "deny.parquet", columns=["key"]).to_pylist()}
    unknown = {row["key"] for row in pq.read_table(out / "skipped.parquet", columns=["key"]).to_pylist()}
    by_edit: dict[str, Counter[str]] = {edit: Counter() for edit in EDITS}
    for key, edit in truth.items():
        by_edit[edit]["denied" if key in denied else "unknown" if key in unknown else "kept"] += 1
    return {
        "by_edit": {
            edit: {**dict.fromkeys(("denied", "unknown", "kept"), 0), **found} for edit, found in by_edit.items()
        },
        "plain_recall": sum(by_edit[edit]["denied"] for edit in PLAIN) / sum(sum(by_edit[e].values()) for e in PLAIN),
        "wrong_denials": len(denied - truth.keys()),
        "wrong_unknown": len(unknown - truth.keys()),
    }


def run(home: Path, data: Path, out: Path, *options: str) -> dict[str, Any]:
    """One audit as a command of its own: its times, and the memory of all its processes together.

    Memory is the sum of proportional set sizes (pages that several processes map count once), looked at twice a second.
    """
    load = os.getloadavg()[0]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = [sys.executable, "-m", "tomeishi", "audit", "run", str(data), "--out", str(out), *_COMMAND, *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = psutil.Popen(words, env=os.environ | {"TOMEISHI_HOME": str(home)}, **quiet)
    peak_mib, driver_cpu_s, sharded_s = 0.0, 0.0, 0.0
    while process.poll() is None:
        time.sleep(0.5)
        with contextlib.suppress(psutil.NoSuchProcess):
            peak_mib = max(peak_mib, _together_mib(process))
            driver_cpu_s = sum(process.cpu_times()[:2])
        if not (out / "deny.parquet").exists():
            sharded_s = time.monotonic() - began
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in (0, 1, 3):
        raise RuntimeError(f"the audit ended with exit code {process.returncode}")
    return {
        "wall_s": round(wall_s, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "driver_cpu_s": round(driver_cpu_s, 1),
        "until_results_s": round(sharded_s, 1),
        "items": json.loads((out / "summary.json").read_text(encoding="utf-8"))["items"],
        "memory_mib": round(peak_mib),
        "load_before": round(load, 1),
    }


def _together_mib(process: psutil.Process) -> float:
    found = 0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            found += each.memory_full_info().pss
    return found / (1 << 20)


def prepare(folder: Path, rows: int, thumbnails: float, *, rows_in_shard: int = 10_000) -> tuple[dict[str, str], int]:
    """Draw and register into `folder`/home, write `folder`/set; the truth of `write_set`, and pictures registered."""
    for part in ("own", "others", "stills"):
        (folder / part).mkdir()
    # A grid of 6 Hz holds the references' own samples (2 Hz) and what lies between them.
    by_film = _frames([(drawn, 30.0) for drawn in CATALOGUE[:6]], folder / "own", 6.0)
    own = [frame for film_ in by_film[:3] for frame in film_[::3]]
    between = [frame for film_ in by_film[:3] for number, frame in enumerate(film_) if number % 3]
    stills = [frame for film_ in by_film[3:] for frame in film_[::4]]
    nobodys = [(film(SEED + n, 20.0), 20.0) for n in range(6)]
    others = [frame for each in _frames(nobodys, folder / "others", 3.0) for frame in each]
    with wiring.open(folder / "home") as platform:
        for number, each in enumerate(CATALOGUE[:3]):
            platform.register(each.member, each.title, [folder / "own" / f"film-{number}.mp4"])
        paths = []
        for number, frame in enumerate(stills):
            paths.append(folder / "stills" / f"{number}.png")
            Image.fromarray(frame).save(paths[-1])
        platform.register("a publisher of pictures", "pages and key pictures", paths)
    planted = min(2000, rows // 50)
    truth = write_set(folder / "set", rows, rows_in_shard, thumbnails, planted, [*own, *stills], between, others)
    return truth, len(stills)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--thumbnails", type=float, default=0.05, help="share of rows that have one")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth, pictures = prepare(folder, given.rows, given.thumbnails)
        figures = {
            "rows": given.rows,
            "thumbnails": round(given.rows * given.thumbnails),
            "planted": len(truth),
            "registered": {"films": 3, "pictures": pictures},
            "run": run(folder / "home", folder / "set", folder / "audit", "--workers", str(given.workers)),
            **_outcomes(folder / "audit", truth),
        }
    record("audit-planted", seed=SEED, settings=vars(given), figures=figures)
    print(figures)


if __name__ == "__main__":
    main()
