"""Write the principal axes of colour layouts, by which the figure descriptor shortens them: (1280, 128), float16.

    python colour_axes.py src/tomeishi/fingerprint/weights/figure-2-colours.npy

Learned from drawings of figures and from boxes of drawn films of the package's own, seeds 520000 to 520159, which are
in no test. Not centred: inner products of what is left come near to those of the whole.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.colours import colour_rows
from tomeishi.fingerprint.figure import FORMS, square
from tomeishi.fingerprint.regions import on_plain_ground, regions
from tomeishi.testing.films import film, frames
from tomeishi.testing.model_sheets import identity, model_sheet, on_paper
from tomeishi.values import digest_of

SEEDS = range(520_000, 520_160)


def squares(seed: int) -> list[NDArray[np.uint8]]:
    """Of four drawings of a figure, and of what may be figures in three frames of a film."""
    sheet = on_paper(model_sheet(identity(seed), 4))
    found = [square(sheet, box) for box in on_plain_ground(sheet) or []]
    for picture in frames(film(seed, 6.0), 0.5, 512, 288):
        found += [square(picture, box) for box in regions(picture)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    rows = colour_rows(np.stack([each for seed in SEEDS for each in squares(seed)]))
    _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
    np.save(out, axes[:FORMS].T.astype(np.float16))
    kept = float((sizes[:FORMS] ** 2).sum() / (sizes**2).sum())
    print(f"{len(rows)} layouts, {kept:.3f} of their energy kept; {digest_of(out.read_bytes())}")


if __name__ == "__main__":
    main()
