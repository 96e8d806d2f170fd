"""Tables of the documents, made from the recorded results: `python -m benchmarks.tables` (or `make docs`).

A block between `<!-- generated: NAME -->` and `<!-- end -->` is replaced by what the function of that name says.
`--check` changes nothing and fails where a document is behind its results.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.record import read

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "docs/calibration.md")
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def spine(result: dict[str, Any]) -> str:
    """Recall by edit beside the peer, unrelated film, and time."""
    figures, settings = result["figures"], result["settings"]
    lines = [
        "| edit | found | of these strong | copied seconds found | boundary error | wrong works "
        "| peer: frames matched |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in figures["edits"].items():
        ends = "-" if row["boundary_error_s"] is None else f"{row['boundary_error_s']:.2f} s"
        lines.append(
            f"| {name.replace('_', ' ')} | {row['found']} of {row['clips']} | {row['found_strong']} "
            f"| {row['copied_seconds_found']:.0%} | {ends} | {row['wrong_works']} | {row['peer_frames_matched']:.0%} |"
        )
    unrelated = figures["unrelated"]
    found = ", ".join(f"{count} {band}" for band, count in unrelated["findings"].items())
    lines += [
        "",
        f"Unrelated film: {unrelated['films']} films, {unrelated['hours'] * 60:.0f} minutes, against "
        f"{settings['films']} registered films: {found} findings. The peer matched {unrelated['peer_wrong_frames']} of "
        f"{unrelated['peer_frames']} frames wrongly.",
        "",
        "| clean clip, 20 s | decoding, wall (CPU) | whole screening, wall (CPU) | ratio of wall | ratio of CPU |",
        "|---|---|---|---|---|",
    ]
    for name, row in figures["timing"].items():
        lines.append(
            f"| {name} H.264 | {row['decode_wall_s']:.2f} s ({row['decode_cpu_s']:.2f} s) "
            f"| {row['screen_wall_s']:.2f} s ({row['screen_cpu_s']:.2f} s) | {row['wall_ratio']:.2f} "
            f"| {row['cpu_ratio']:.2f} |"
        )
    sizes = " ".join(f"--{name} {settings[name]}" for name in ("films", "unrelated", "runs"))
    return "\n".join([*lines, "", _made_by(result, f"python -m benchmarks.spine {sizes}")])


def calibration(result: dict[str, Any]) -> str:
    """What each band was measured at."""
    figures, settings = result["figures"], result["settings"]
    lines = [
        "| band | from score | false segments seen | per 100 hours, at most | altered clips found |",
        "|---|---|---|---|---|",
    ]
    for band in ("strong", "likely", "weak"):
        row = figures[band]
        lines.append(
            f"| {band} | {row['score']:.3f} | {row['false_segments']} "
            f"| {row['false_segments_per_100_hours_at_most']:.0f} | {row['clips_found']:.0%} |"
        )
    lines += [
        "",
        f"{figures['hours']:.1f} hours of unrelated drawn film screened against {settings['films']} registered films; "
        f"{figures['clips']} altered clips of 3 to 15 s with one to three edits at 0.5 to 2 times the speed. "
        '"At most" is the upper end of the exact 95 % Poisson interval: with so few hours it says how little was '
        "measured rather than how often it errs.",
    ]
    return "\n".join([*lines, "", _made_by(result, "python -m benchmarks.calibrate")])


def _made_by(result: dict[str, Any], command: str) -> str:
    machine, name = result["machine"], result["name"]
    return (
        f"Made by `{command}` on {result['measured_at'][:10]}: {machine['processor']}, {machine['cores']} cores, "
        f"tomeishi {result['versions']['tomeishi']}, seed {result['seed']} (`benchmarks/results/{name}.json`)."
    )


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {"spine": spine, "calibration": calibration}


def filled(text: str) -> str:
    """`text` with every block as its result says now; a block without a result says so."""

    def block(found: re.Match[str]) -> str:
        result = read(found[2])
        return found[1] + ("Not measured yet." if result is None else TABLES[found[2]](result)) + "\n" + found[4]

    return _BLOCK.sub(block, text)


def main() -> int:
    behind = []
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if (fresh := filled(text)) != text:
            behind.append(name)
            if "--check" not in sys.argv:
                path.write_text(fresh, encoding="utf-8")
    if behind:
        print(("behind their results: " if "--check" in sys.argv else "renewed: ") + ", ".join(behind))
    return int(bool(behind) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
