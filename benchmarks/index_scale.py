"""The index at the size it is for: `python -m benchmarks.index_scale --rows 1000000`.

Rows are bundles of about fifty (frames of one scene) around random centres with a power-law spectrum; a query is a
stored row with noise (cosine to its source about .97). Truth comes from comparing every stored row.
The snapshot is opened in a process of its own. `opened` and `searched` are memory pages of its own, `mapped` pages of
the snapshot's files, which processes share and the system may drop. A film of 60 s is 120 frames, each asked for its
100 nearest, in one call on one thread and halved between two. Then one item is added and one withdrawn. Runs of other
sizes stay in the result; `cost_grows_as` is the exponent by which seconds a film grow with rows, from run to run.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import read, record
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index.snapshot import EXACT_UP_TO, Snapshot, current, publish
from tomeishi.index.volume import Item, Source

NAME = "index-scale"
WIDTH = 256
ROWS_PER_ITEM = 1440
FILM_FRAMES, NEIGHBOURS = 120, 100
K = 10
ROUNDS = 7
BLOCK = 1 << 15
SPECTRUM = (np.arange(1, WIDTH + 1) ** -0.5).astype(np.float32)
SPEC = DescriptorSpec("drawn", 1, WIDTH, Metric.COSINE, 0.2, "benchmarks/index_scale.py", None)

Rows = NDArray[np.float32]


def noise(random: np.random.Generator, count: int) -> Rows:
    return random.standard_normal((count, WIDTH), dtype=np.float32) * SPECTRUM


def unit(values: Rows) -> Rows:
    rows: Rows = values / np.linalg.norm(values, axis=1, keepdims=True)
    return rows


class Drawn:
    """Items of a registry of `rows` rows, drawn again whenever they are asked for."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self._seed = rows, seed
        self._centres = noise(np.random.default_rng(seed), max(1, rows // 50))

    def item(self, number: int) -> Item:
        random = np.random.default_rng([self._seed, number])
        left = self.rows - number * ROWS_PER_ITEM
        count = min(ROWS_PER_ITEM, left) if left > 0 else ROWS_PER_ITEM  # one more than there are is whole
        values = unit(self._centres[random.integers(0, len(self._centres), count)] + 0.5 * noise(random, count))
        return Item(f"item_{number}", np.arange(count, dtype=np.float64), values, np.ones(count, np.float32))

    @property
    def items(self) -> int:
        return -(-self.rows // ROWS_PER_ITEM)

    def sources(self, numbers: range) -> Iterator[Source]:
        for number in numbers:
            yield Source(f"item_{number}", "drawn", ROWS_PER_ITEM, partial(self.item, number))

    def queries(self, count: int) -> tuple[Rows, NDArray[np.int64]]:
        """Queries (q, width), and their sources: item x ROWS_PER_ITEM + row."""
        random = np.random.default_rng([self._seed, 1 << 30])
        sources = np.sort(random.choice(self.rows, count, replace=False)).astype(np.int64)
        originals = np.concatenate([self.item(int(s) // ROWS_PER_ITEM).rows[s % ROWS_PER_ITEM][None] for s in sources])
        return unit(originals.astype(np.float32) + 0.25 / np.linalg.norm(SPECTRUM) * noise(random, count)), sources


def truth_of(snapshot: Snapshot, queries: Rows) -> NDArray[np.int64]:
    """The K nearest stored rows of each query, by comparing all."""
    [volume] = snapshot.volumes
    best = np.full((len(queries), K), -np.inf, np.float32)
    rows = np.full((len(queries), K), -1, np.int64)
    for start in range(0, volume.rows, BLOCK):
        near = queries @ volume.index.read(start, start + BLOCK).T.astype(np.float32)
        all_near = np.concatenate([best, near], axis=1)
        own = np.broadcast_to(np.arange(near.shape[1]) + start, near.shape)
        first = np.argpartition(-all_near, K - 1, axis=1)[:, :K]
        best = np.take_along_axis(all_near, first, 1)
        rows = np.take_along_axis(np.concatenate([rows, own], axis=1), first, 1)
    return rows


def memory_bytes() -> int:
    """What this process alone holds: neither shared nor backed by a file that could be dropped."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Private_Dirty"))


def mapped_bytes(folder: Path) -> int:
    """Pages of the snapshot's files that are in memory for this process; the system may drop them at any time."""
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if not line.split(maxsplit=1)[0].endswith(":"):
            ours = str(folder) in line
        elif ours and line.startswith("Rss:"):
            total += int(line.split()[1]) << 10
    return total


def serve(root: Path) -> None:
    """In a process of its own: opens the snapshot, answers all queries, measures films."""
    queries = np.load(root / "queries.npy")
    import tomeishi.index.faiss_index  # noqa: F401  # its code is no part of the index's memory

    before = memory_bytes()
    snapshot = current(root, SPEC.key)
    assert snapshot is not None
    opened = memory_bytes() - before
    films = [queries[at : at + FILM_FRAMES] for at in range(0, len(queries) - FILM_FRAMES + 1, FILM_FRAMES)]
    first = _timed(lambda: snapshot.search(films[0], NEIGHBOURS))
    _, items, times = snapshot.search(queries, K)
    np.save(root / "found.npy", items * ROWS_PER_ITEM + times.astype(np.int64))
    # Halves of a film on two threads: a search runs on one, and gives the interpreter free meanwhile.
    with ThreadPoolExecutor(2) as threads:
        halves = [
            _timed(lambda: list(threads.map(lambda half: snapshot.search(half, NEIGHBOURS), np.array_split(film, 2))))  # noqa: B023
            for film in films * ROUNDS
        ]
    alone = [_timed(lambda: snapshot.search(film, NEIGHBOURS)) for film in films * ROUNDS]  # noqa: B023
    cpu_s = time.process_time()
    for film in films:
        snapshot.search(film, NEIGHBOURS)
    cpu_s = (time.process_time() - cpu_s) / len(films)
    figures = {
        "memory_bytes": {"opened": opened, "searched": memory_bytes() - before, "mapped": mapped_bytes(root)},
        "film_first_s": round(first, 3),
        "film_s": _spread(alone),
        "film_on_two_threads_s": _spread(halves),
        "film_cpu_s": round(cpu_s, 3),
        "volumes": [[volume.engine, volume.rows] for volume in snapshot.volumes],
    }
    print(json.dumps(figures), flush=True)


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 3), "lowest": round(min(values), 3)}


def measure(rows: int, queries_count: int, seed: int, at: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="index-scale-", dir=at) as folder:
        root = Path(folder)
        drawn = Drawn(rows, seed)
        queries, sources = drawn.queries(queries_count)
        np.save(root / "queries.npy", queries)
        began = time.perf_counter()
        snapshot = publish(root, SPEC, drawn.sources(range(drawn.items)), "whole")
        figures: dict[str, Any] = {"rows": rows, "build_s": round(time.perf_counter() - began, 1)}
        size = sum(entry["bytes"] for entry in snapshot.manifest.files.values())
        figures["file_bytes_per_row"] = round(size / rows, 1)
        figures |= served(root)
        truth, found = truth_of(snapshot, queries), np.load(root / "found.npy")
        figures["recall_at_10"] = round(float(np.mean([np.isin(*p).mean() for p in zip(truth, found, strict=True)])), 4)
        figures["true_frame_first"] = round(float(np.mean(found[:, 0] == sources)), 4)
        memory = figures["memory_bytes"]
        figures["memory_bytes_per_row"] = round(memory["searched"] / rows, 1)
        figures["one_more"] = changed(root, drawn, range(drawn.items + 1), "one more")
        figures["one_less"] = changed(root, drawn, range(1, drawn.items + 1), "one less")
        return figures


def changed(root: Path, drawn: Drawn, numbers: range, checkpoint: str) -> dict[str, Any]:
    """Seconds and written bytes of a publishing that changes one item."""
    before = current(root, SPEC.key)
    assert before is not None
    began = time.perf_counter()
    after = publish(root, SPEC, drawn.sources(numbers), checkpoint)
    seconds = time.perf_counter() - began
    return {"seconds": round(seconds, 2), "bytes_written": written(before, after), "volumes": len(after.volumes)}


def written(before: Snapshot, after: Snapshot) -> int:
    """Bytes of files that only the newer version has."""
    old = {(path.stat().st_dev, path.stat().st_ino) for path in before.folder.rglob("*") if path.is_file()}
    new = [path.stat() for path in after.folder.rglob("*") if path.is_file()]
    return sum(each.st_size for each in new if (each.st_dev, each.st_ino) not in old)


def served(root: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.index_scale", "--serve", str(root)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def with_growth(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How cost grows from each run to the next: seconds ~ rows ** exponent."""
    for smaller, larger in pairwise(runs):
        times = larger["film_cpu_s"] / smaller["film_cpu_s"]
        larger["cost_grows_as"] = round(math.log(times) / math.log(larger["rows"] / smaller["rows"]), 2)
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=960)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at", type=Path, help="folder with room for 1.7 KB a row meanwhile")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    load = round(os.getloadavg()[0], 2)
    run = {**measure(options.rows, options.queries, options.seed, options.at), "load_before": load}
    kept = read(NAME)
    others = [each for each in (kept["figures"]["runs"] if kept else []) if each["rows"] != options.rows]
    runs = with_growth(sorted([*others, run], key=lambda each: int(each["rows"])))
    settings = {
        "queries": options.queries, "width": WIDTH, "k": K, "film_frames": FILM_FRAMES, "neighbours": NEIGHBOURS,
        "rounds": ROUNDS, "exact_up_to": EXACT_UP_TO,
    }  # fmt: skip
    print(record(NAME, seed=options.seed, settings=settings, figures={"runs": runs}))


if __name__ == "__main__":
    main()
