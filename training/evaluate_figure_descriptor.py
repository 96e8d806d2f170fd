"""Measure the figure descriptor on figures it was not trained on, with image-2, its frozen trunk and colours beside it.

    PYTHONPATH=. python training/evaluate_figure_descriptor.py --emoji NODE_MODULES --cache CACHE

R@1: is the nearest enrolled drawing one of the figure that is asked for. AUC: over all pairs of a query with an
enrolled figure (its nearest drawing), same against other. The weight of colours is chosen on part `tune` and stated
with the results of part `test`. The results go to benchmarks/results/figure-descriptor.json.
"""

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from draw_figures import SIDE
from figure_data import film_grounds
from figure_sets import FigureSet, everything
from numpy.typing import NDArray

from benchmarks.record import record
from tomeishi.fingerprint.colours import POWER, colour_rows
from tomeishi.fingerprint.image import SIDE as IMAGE_SIDE

Rows = NDArray[np.float32]
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5)
SHIPPED = Path(__file__).parent.parent / "src/tomeishi/fingerprint/weights"
UNSEEN_FILMS = range(700_000, 700_012)


class Model:
    """An ONNX file from crops to rows."""

    def __init__(self, path: Path, side: int, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.side = side

    def __call__(self, samples: NDArray[np.uint8]) -> Rows:
        if self.side != samples.shape[1]:
            samples = np.stack([cv2.resize(s, (self.side, self.side), interpolation=cv2.INTER_LINEAR) for s in samples])
        parts = [self.session.run(["rows"], {"samples": samples[i : i + 16]})[0] for i in range(0, len(samples), 16)]
        return np.concatenate(parts)


def by_figure(scores: NDArray[np.float64], enrolled: NDArray[np.str_]) -> tuple[NDArray[np.float64], list[str]]:
    """Of each query (rows) the best score of each figure (columns)."""
    names = sorted(set(enrolled.tolist()))
    return np.stack([scores[:, enrolled == name].max(axis=1) for name in names], axis=1), names


def measured(scores: NDArray[np.float64], these: FigureSet) -> dict[str, float]:
    best, names = by_figure(scores, these.enrolled)
    own = np.array([names.index(name) for name in these.sought.tolist()])
    hits = best.argmax(axis=1) == own
    same = np.zeros(best.shape, bool)
    same[np.arange(len(own)), own] = True
    return {"r@1": round(float(hits.mean()), 4), "auc": round(_auc(best[same], best[~same]), 4)}


def _auc(same: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The chance that a pair of one figure scores over a pair of two, ties counting half."""
    order = np.sort(other)
    below = np.searchsorted(order, same, "left") + np.searchsorted(order, same, "right")
    return float(below.mean() / 2 / len(order))


def scored(rows: Mapping[str, tuple[Rows, Rows]]) -> dict[str, NDArray[np.float64]]:
    """Inner products of queries (rows) and gallery (columns) by descriptor."""
    return {name: q.astype(np.float64) @ g.astype(np.float64).T for name, (g, q) in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emoji", type=Path, required=True, help="node_modules with four vendors' emoji")
    parser.add_argument("--debian", type=Path, default=Path("/"), help="where the packages' usr/ lies")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the sets, once made, and rows")
    parser.add_argument("--head", type=Path, help="image-2's frozen trunk with a trained head, to compare")
    parser.add_argument("--figure", type=Path, default=SHIPPED / "figure-2.onnx")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    files = {"image-2": SHIPPED / "image-2.onnx", "figure-2": arguments.figure}
    if arguments.head:
        files["frozen trunk, trained head"] = arguments.head
    result: dict[str, Any] = {}
    chosen: dict[str, float] = {}
    for part in ("tune", "test"):
        sets = _kept_sets(arguments, part)
        scores = {these.name: scored(_rows(these, files, arguments.cache)) for these in sets}
        if part == "tune":
            chosen = {name: _best_weight(name, sets, scores) for name in files}
            result["colour weight"] = chosen
            result["by colour weight, figure-2, mean of part tune"] = _curve("figure-2", sets, scores)
        result[part] = {these.name: _table(these, scores[these.name], chosen) for these in sets}
    settings = {"weights": {name: _digest(path) for name, path in files.items()}, "power of colours": POWER}
    record("figure-descriptor", seed=0, settings=settings, figures=result)
    _shown(result["test"])


def _table(these: FigureSet, scores: dict[str, NDArray[np.float64]], weights: dict[str, float]) -> dict[str, Any]:
    rows: dict[str, Any] = {name: measured(values, these) for name, values in scores.items()}
    for name, weight in weights.items():
        rows[f"{name} + colours"] = measured(scores[name] + weight * scores["colours"] ** POWER, these)
    return {"figures": len(set(these.sought.tolist())), "queries": len(these.sought), "descriptors": rows}


def _curve(name: str, sets: list[FigureSet], scores: dict[str, dict[str, NDArray[np.float64]]]) -> dict[str, Any]:
    """Mean of the sets by weight of the colours."""
    means = {}
    for weight in WEIGHTS:
        found = [measured(scores[s.name][name] + weight * scores[s.name]["colours"] ** POWER, s) for s in sets]
        means[str(weight)] = {key: round(float(np.mean([f[key] for f in found])), 4) for key in ("r@1", "auc")}
    return means


def _best_weight(name: str, sets: list[FigureSet], scores: dict[str, dict[str, NDArray[np.float64]]]) -> float:
    curve = _curve(name, sets, scores)
    return max(WEIGHTS, key=lambda weight: curve[str(weight)]["r@1"])


def _kept_sets(arguments: argparse.Namespace, part: str) -> list[FigureSet]:
    folder = arguments.cache / "sets"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{part}.npz"
    if not kept.exists():
        made = everything(part, arguments.emoji, arguments.debian, lambda: film_grounds(UNSEEN_FILMS))
        arrays = {
            f"{i:02d} {key}": getattr(s, key)
            for i, s in enumerate(made)
            for key in ("name", "gallery", "enrolled", "queries", "sought")
        }
        np.savez(kept, **arrays)
    stored = np.load(kept)
    count = len({key[:2] for key in stored.files})
    return [
        FigureSet(
            str(stored[f"{i:02d} name"]),
            *(stored[f"{i:02d} {key}"] for key in ("gallery", "enrolled", "queries", "sought")),
        )
        for i in range(count)
    ]


def _rows(these: FigureSet, files: dict[str, Path], cache: Path) -> dict[str, tuple[Rows, Rows]]:
    """Gallery's and queries' rows by descriptor, kept by the digests of weights and crops."""
    rows = {"colours": (colour_rows(these.gallery), colour_rows(these.queries))}
    for name, path in files.items():
        rows[name] = _described(path, these.gallery, cache), _described(path, these.queries, cache)
    return rows


def _described(path: Path, samples: NDArray[np.uint8], cache: Path) -> Rows:
    kept = cache / "sets" / f"{_digest(path)[7:19]}-{hashlib.sha256(samples.tobytes()).hexdigest()[:12]}.npy"
    if not kept.exists():
        np.save(kept, Model(path, IMAGE_SIDE if "image" in path.name else SIDE)(samples))
    rows: Rows = np.load(kept)
    return rows


def _digest(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def _shown(part: dict[str, Any]) -> None:
    for name, row in part.items():
        print(f"{name} ({row['figures']} figures, {row['queries']} queries)")
        for descriptor, values in row["descriptors"].items():
            print(f"    {descriptor:36s} R@1 {values['r@1']:.3f}  AUC {values['auc']:.4f}")


if __name__ == "__main__":
    main()
