"""Memory that a film of two hours takes, registered and screened: `python -m benchmarks.memory`.

A drawn film whose picture changes every two seconds, with sound, is registered and then screened in another encode,
which is the largest thing to align: every sample of one against every sample of the other. Each step runs in a process
of its own; greatest resident sizes, its own and that of the guarded processes that decode, are read from /proc
(`VmHWM`: what `getrusage` tells of a fresh process may be the size of the one that started it).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.material import FIRST_SEED, UNREGISTERED, Half
from benchmarks.record import record
from tomeishi.testing.films import film, frames
from tomeishi.testing.recording import write_media

RATE_HZ, HOLD, SIZE = 4.0, 8, (512, 288)
_STEP = r"""
import json, re, sys, threading, time
from contextlib import suppress
from pathlib import Path
from tomeishi import wiring

def peak_mib(process):
    found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) >> 10 if found else 0

def watch():
    while True:
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    decoders[child] = peak_mib(child)
        time.sleep(0.2)

decoders = {"none": 0}
threading.Thread(target=watch, daemon=True).start()
with wiring.open(Path(sys.argv[1])) as platform:
    if sys.argv[2] == "register":
        platform.register("a member", "a film", [sys.argv[3]])
        found = []
    else:
        screening = platform.screener().screen(Path(sys.argv[3]), sys.argv[3])
        found = [[f.kind.value, f.band.value, len(f.segments), sum(s.query.length for s in f.segments)]
                 for f in screening.findings]
print(json.dumps({"process_mib": peak_mib("self"), "largest_decoder_mib": max(decoders.values()), "found": found}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    options = parser.parse_args()
    seconds = options.hours * 3600
    load = os.getloadavg()[0]
    with TemporaryDirectory(prefix="bench-") as folder:
        reference, query = Path(folder) / "reference.mp4", Path(folder) / "query.mp4"
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            made = [pool.submit(write, reference, seconds, None), pool.submit(write, query, seconds, 200_000)]
            for each in made:
                each.result()
        figures = {
            what: step(Path(folder) / "home", what, path) for what, path in (("register", reference), ("screen", query))
        }
    print(json.dumps(figures, indent=1))
    settings = vars(options) | {"size": SIZE, "rate_hz": RATE_HZ, "load_before": round(load, 1)}
    print(record("memory", seed=1, settings=settings, figures=figures))


def write(path: Path, seconds: float, bit_rate: int | None) -> None:
    rng = np.random.default_rng(1)
    sound = (rng.standard_normal(int(seconds * 48_000), np.float32) * np.float32(0.05)).astype(np.float32)
    write_media(path, shown(seconds), rate_hz=RATE_HZ, sound=sound, bit_rate=bit_rate)


def shown(seconds: float) -> Iterator[NDArray[np.uint8]]:
    """Each picture for HOLD frames; films of a minute, one after the other."""
    wanted, given = int(seconds * RATE_HZ / HOLD), 0
    for number in range(wanted):
        seed = FIRST_SEED[Half.DEVELOPMENT] + UNREGISTERED + 4000 + number
        if given == wanted:
            return
        for picture in frames(film(seed, 60.0), RATE_HZ / HOLD, *SIZE):
            if given < wanted:
                yield from [picture] * HOLD
                given += 1


def step(home: Path, what: str, path: Path) -> dict[str, Any]:
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", _STEP, str(home), what, str(path)], capture_output=True, text=True, check=True
    )
    return dict(json.loads(ended.stdout)) | {"wall_s": round(time.perf_counter() - began)}


if __name__ == "__main__":
    main()
