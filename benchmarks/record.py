"""Results as JSON, with all that is needed to judge or repeat them."""

import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tomeishi import clock

RESULTS = Path(__file__).parent / "results"
_MEASURED_WITH = ("tomeishi", "av", "numpy", "onnxruntime", "faiss-cpu", "pdqhash", "opencv-python-headless")


def record(name: str, *, seed: int, settings: dict[str, Any], figures: dict[str, Any]) -> Path:
    """Write `results/<name>.json` and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    words = {
        "name": name,
        "measured_at": clock.to_text(clock.now().replace(microsecond=0)),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **_versions()},
        "seed": seed,
        "settings": settings,
        "figures": figures,
    }
    path.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _versions() -> dict[str, str | None]:
    """None where a package is absent: `pdqhash` is a peer to measure against, and set-up does not install it."""
    found: dict[str, str | None] = {}
    for package in _MEASURED_WITH:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory in GiB, and how fast one core was just now (`yardstick`)."""
    processor = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor,
        "cores": cores,
        "memory_gib": round(memory, 1),
        "system": platform.system(),
        "yardstick_s": round(yardstick(), 3),
    }


def yardstick() -> float:
    """Processor seconds of two million additions in Python, best of three.

    One machine's cores differ by a factor of three from hour to hour where others share them; this tells by how much.
    """

    def once() -> float:
        began, total = time.process_time(), 0
        for number in range(2_000_000):
            total += number
        return time.process_time() - began

    return min(once() for _ in range(3))


def read(name: str) -> dict[str, Any] | None:
    """A result recorded earlier; None where there is none."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
