"""Exact against faiss on the same rows, in the same run: memory, file size, recall, true frame first, queries a second.

    .venv/bin/python benchmarks/index_scale.py --rows 200000

Rows are bundles of about fifty (frames of one scene) around random centres with a power-law spectrum; a query is a
stored row with noise (cosine to its source about .97). Truth is the exact index. Each engine is opened in a process of
its own. Its memory is what opening and searching added: `opened` and `searched` are pages of its own, `mapped` are
pages of the snapshot's files, which processes share and the system may drop. Speed is the median of rounds in which
the engines take turns; `lowest` and `highest` show how noisy the machine was. Runs of other sizes stay in the result.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

import tomeishi
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index.snapshot import EXACT_UP_TO, Item, Snapshot, current, publish

RESULT = Path(__file__).parent / "results" / "index-scale.json"
ENGINES = ("exact", "faiss")
WIDTH = 256
ROWS_PER_ITEM = 1440
BATCH = 64
K = 10
ROUNDS = 5
SPECTRUM = (np.arange(1, WIDTH + 1) ** -0.5).astype(np.float32)
SPEC = DescriptorSpec("drawn", 1, WIDTH, Metric.COSINE, 0.2, "benchmarks/index_scale.py", None)


def noise(random: np.random.Generator, count: int) -> NDArray[np.float32]:
    return random.standard_normal((count, WIDTH), dtype=np.float32) * SPECTRUM


def unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = values / np.linalg.norm(values, axis=1, keepdims=True)
    return rows


def items(rows: int, seed: int) -> Iterator[Item]:
    random = np.random.default_rng(seed)
    centres = noise(random, max(1, rows // 50))
    for start in range(0, rows, ROWS_PER_ITEM):
        count = min(ROWS_PER_ITEM, rows - start)
        values = unit(centres[random.integers(0, len(centres), count)] + 0.5 * noise(random, count))
        times = np.arange(count, dtype=np.float64)
        yield Item(f"item_{start // ROWS_PER_ITEM}", times, values, np.ones(count, np.float32))


def queries_of(snapshot: Snapshot, count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Queries (q, width) and their sources (q, 2): item and second."""
    random = np.random.default_rng(seed + 1)
    scale = 0.25 / np.linalg.norm(SPECTRUM)
    rows, sources = [], []
    for row in random.choice(snapshot.manifest.rows, count, replace=False):
        ordinal, second = divmod(int(row), ROWS_PER_ITEM)
        source = snapshot.item(snapshot.item_ids[ordinal]).rows[second : second + 1].astype(np.float32)
        rows.append(unit(source + scale * noise(random, 1)))
        sources.append((ordinal, second))
    return np.concatenate(rows), np.array(sources, np.int64)


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


def serve(root: Path, engine: str, queries_path: Path) -> None:
    """The process of one engine: answers once, then measures speed whenever a line with a number of callers comes."""
    queries = np.load(queries_path)
    if engine == "faiss":
        import tomeishi.index.faiss_index  # noqa: F401  # its code is no part of the index's memory
    before = memory_bytes()
    snapshot = current(root / engine, SPEC.key)
    assert snapshot is not None
    batches = [queries[start : start + BATCH] for start in range(0, len(queries), BATCH)]
    opened = memory_bytes() - before
    answers = [snapshot.search(batch, K) for batch in batches]
    np.savez(
        root / f"{engine}.npz",
        items=np.concatenate([a[1] for a in answers]),
        times=np.concatenate([a[2] for a in answers]),
    )
    memory = {"opened": opened, "searched": memory_bytes() - before, "mapped": mapped_bytes(snapshot.folder)}
    print(json.dumps(memory), flush=True)
    for line in sys.stdin:
        with ThreadPoolExecutor(int(line)) as callers:
            start = time.perf_counter()
            list(callers.map(lambda batch: snapshot.search(batch, K), batches))
            print(len(queries) / (time.perf_counter() - start), flush=True)


def build(root: Path, engine: str, rows: int, seed: int) -> dict[str, Any]:
    start = time.perf_counter()
    snapshot = publish(root / engine, SPEC, items(rows, seed), "benchmark", engine=engine)
    seconds = time.perf_counter() - start
    size = sum(entry["bytes"] for entry in snapshot.manifest.files.values())
    return {"build_s": round(seconds, 1), "file_bytes_per_row": round(size / rows, 1)}


def measure(rows: int, queries_count: int, seed: int) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="index-scale-") as folder:
        root = Path(folder)
        results = {engine: build(root, engine, rows, seed) for engine in ENGINES}
        exact = current(root / "exact", SPEC.key)
        assert exact is not None
        queries, sources = queries_of(exact, min(queries_count, rows), seed)
        np.save(root / "queries.npy", queries)
        processes = {}
        for engine in ENGINES:
            command = [sys.executable, __file__, "--serve", engine, "--root", folder]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            results[engine]["memory_bytes"] = json.loads(process.stdout.readline())
            processes[engine] = process
        for callers in (1, 2):
            rates: dict[str, list[float]] = {engine: [] for engine in ENGINES}
            for _ in range(ROUNDS):
                for engine, process in processes.items():
                    assert process.stdin is not None
                    assert process.stdout is not None
                    process.stdin.write(f"{callers}\n")
                    process.stdin.flush()
                    rates[engine].append(float(process.stdout.readline()))
            for engine, values in rates.items():
                results[engine][f"queries_per_s_{callers}_callers"] = {
                    "median": round(statistics.median(values)),
                    "lowest": round(min(values)),
                    "highest": round(max(values)),
                }
        for process in processes.values():
            process.communicate()
        answers = {engine: np.load(root / f"{engine}.npz") for engine in ENGINES}
        keys = {engine: a["items"] * ROWS_PER_ITEM + a["times"].astype(np.int64) for engine, a in answers.items()}
        wanted = sources[:, 0] * ROWS_PER_ITEM + sources[:, 1]
        for engine, found in keys.items():
            shared = [np.intersect1d(*pair).size / K for pair in zip(found, keys["exact"], strict=True)]
            results[engine]["recall_at_10"] = round(float(np.mean(shared)), 4)
            results[engine]["true_frame_first"] = round(float(np.mean(found[:, 0] == wanted)), 4)
        return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--serve", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.root, options.serve, options.root / "queries.npy")
        return
    load = os.getloadavg()[0]
    engines = measure(options.rows, options.queries, options.seed)
    run = {
        "rows": options.rows,
        "width": WIDTH,
        "queries": options.queries,
        "batch": BATCH,
        "k": K,
        "seed": options.seed,
        "rounds": ROUNDS,
        "exact_up_to": EXACT_UP_TO,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load_before": round(load, 2),
            "system": platform.system(),
        },
        "versions": {
            "tomeishi": tomeishi.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "faiss": faiss.__version__,
        },
        "engines": engines,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(options.out.read_text())["runs"] if options.out.exists() else []
    runs = sorted([*(other for other in kept if other["rows"] != options.rows), run], key=lambda one: one["rows"])
    options.out.write_text(
        json.dumps({"command": "benchmarks/index_scale.py --rows ROWS", "runs": runs}, indent=2) + "\n"
    )
    print(json.dumps(run, indent=2))


if __name__ == "__main__":
    main()
