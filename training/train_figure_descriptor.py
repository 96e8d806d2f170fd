"""Train the figure descriptor: drawings of one figure near, other figures far, those of the same hand above all.

    python draw_figures.py CACHE/drawn
    python train_figure_descriptor.py --cache CACHE --emoji NODE_MODULES --pictures /usr/share/openclipart/png OUT.onnx

It starts from the trunk of the shipped image descriptor: first a linear head on its frozen features, then, from there,
all blocks but the first few, by the supervised contrastive loss (Khosla et al., NeurIPS 2020, eq. 2) against the batch
and a memory of past rows (Wang et al., CVPR 2020), with an entropy term that spreads rows apart (KoLeo; Sablayrolles et
al., ICLR 2019). Each batch holds whole casts, so that figures of one artist are told apart. What is exported is the
moving average of the weights. A checkpoint is written every few minutes and an interrupted run goes on; a step draws
its chance from (seed, step), so that the same machine, threads and versions give the same weights.
"""

import argparse
import json
from dataclasses import dataclass
from functools import partial
from math import cos, pi
from pathlib import Path

import numpy as np
import torch
from figure_data import Material, Square, material, view
from net import FIGURE, Net, from_image, measured_neck, whitened
from torch import Tensor
from torch.nn import functional
from trainer import Batch, Schedule, Trainer, contrast, entropy, set_up, written

VIEWS = 3
CASTS, OF_CAST, SINGLES, EMOJI, CLIP_ART = 2, 5, 5, 12, 5
"""Figures in one batch by source; each is seen VIEWS times."""
HEAD_VIEWS, HEAD_STEPS = 9600, 1000


@dataclass
class Batches:
    """Batches by step, of figures by their numbers."""

    material: Material
    seed: int
    side: int

    def __post_init__(self) -> None:
        m = self.material
        self.casts = [np.flatnonzero(m.artists == artist) for artist in np.unique(m.artists[m.artists >= 0])]
        self.casts = [members for members in self.casts if len(members) >= OF_CAST]
        self.offsets = np.cumsum([0, len(m.drawn), len(m.emoji)])

    def __call__(self, step: int, side: int | None = None) -> Batch:
        random = np.random.default_rng([self.seed, step])
        m = self.material
        drawn: list[int] = []
        for artist in random.choice(len(self.casts), CASTS, replace=False):
            drawn += list(random.choice(self.casts[artist], OF_CAST, replace=False))
        drawn += [int(i) for i in random.permutation(len(m.drawn)) if i not in drawn][:SINGLES]
        squares: list[tuple[int, list[Square]]] = []
        for figure in drawn:
            chosen = random.choice(m.drawn.shape[1], VIEWS, replace=False)
            squares.append((int(figure), [m.drawn[figure, i] for i in chosen]))
        for figure in random.choice(len(m.emoji), EMOJI, replace=False):
            hands = random.permutation(np.flatnonzero(m.drawn_by[figure]))
            squares.append((int(self.offsets[1] + figure), [m.emoji[figure, i] for i in np.resize(hands, VIEWS)]))
        for figure in random.choice(len(m.clip_art), CLIP_ART, replace=False):
            squares.append((int(self.offsets[2] + figure), [m.clip_art[figure]] * VIEWS))
        views, figures = [], []
        for figure, drawings in squares:
            for drawing in drawings:
                near = self._any(random) if random.random() < 0.4 else None
                views.append(view(drawing, random, side or self.side, m.grounds, near))
                figures.append(figure)
        labels = np.array(figures)
        return np.stack(views), labels, labels

    def _any(self, random: np.random.Generator) -> Square:
        drawn = self.material.drawn
        return drawn[random.integers(len(drawn)), random.integers(drawn.shape[1])]


def with_head(net: Net, batches: Batches, cache: Path) -> Net:
    """The net with a projection trained on its frozen features; both are computed once and kept in `cache`."""
    done = cache / f"head-{batches.seed}-{batches.side}.pt"
    if done.exists():
        net.load_state_dict(torch.load(done, weights_only=True))
        return net
    kept = cache / f"features-{batches.seed}-{batches.side}.npz"
    if not kept.exists():
        found, labels, step = [], [], 0
        with torch.inference_mode():
            while len(found) * len(labels[0] if labels else [0]) < HEAD_VIEWS:
                views, figures, _ = batches(1_000_000 + step)
                found.append(net.features(torch.from_numpy(views)).numpy())
                labels.append(figures)
                step += 1
        np.savez(kept, features=np.stack(found), figures=np.stack(labels))
    stored = np.load(kept)
    features, figures = torch.from_numpy(stored["features"]), torch.from_numpy(stored["figures"])
    whitened(net, features.reshape(-1, features.shape[-1]))
    random = np.random.default_rng([batches.seed, 0x4EAD])
    optimiser = torch.optim.AdamW(net.projection.parameters(), lr=1e-3, weight_decay=1e-3)
    for step in range(HEAD_STEPS):
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * 0.5 * (1 + cos(pi * step / HEAD_STEPS))
        chosen = torch.from_numpy(random.choice(len(features), min(10, len(features)), replace=False))
        rows, labels = functional.normalize(net.projection(features[chosen].flatten(0, 1))), figures[chosen].flatten()
        nothing = labels[:0]
        loss = contrast(rows, labels, labels, rows[:0], nothing, nothing, Schedule(0, 0.0).temperature)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    print(f"head: loss {float(loss.detach()):.3f} over {len(features)} batches", flush=True)
    with torch.no_grad():
        turned = net.projection(features.flatten(0, 1))
        measured_neck(net, turned)
        deviation, mean = torch.std_mean(turned, dim=0)
        # With these the neck changes nothing yet.
        net.neck.weight.copy_(deviation)
        net.neck.bias.copy_(mean)
    torch.save(net.state_dict(), done)
    return net


def settled(average: dict[str, Tensor], batches: Batches, count: int = 12) -> Net:
    """The average net with the neck's mean and variance measured over views of the size that is described."""
    net = Net(FIGURE)
    net.load_state_dict(average)
    with torch.inference_mode():
        views = [batches(2_000_000 + step, FIGURE.side)[0] for step in range(count)]
        measured_neck(net, torch.cat([net.projection(net.features(torch.from_numpy(v))) for v in views]))
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder with drawn/, kept features, checkpoints")
    parser.add_argument("--emoji", type=Path, required=True, help="node_modules with the four hands")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of Debian's openclipart-png")
    parser.add_argument("--steps", type=int, default=1300, help="those of the shipped weights")
    parser.add_argument(
        "--landing", type=int, default=60, help="last steps, with full-size views and a rate falling to 0"
    )
    parser.add_argument("--side", type=int, default=96, help="of the views trained on; 96 costs half of 128")
    parser.add_argument("--frozen", type=int, default=5, help="blocks that keep the image descriptor's weights")
    parser.add_argument("--rate", type=float, default=6e-5)
    parser.add_argument("--entropy", type=float, default=5.0, help="weight of the entropy term")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=4.0, help="between checkpoints")
    parser.add_argument(
        "--only-head", action="store_true", help="write the frozen net with its trained head, to compare"
    )
    parser.add_argument("--export", action="store_true", help="write the average of the last checkpoint and stop")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    set_up(arguments.threads, arguments.seed, arguments.device)
    checkpoint = arguments.cache / f"checkpoint-{arguments.seed}.pt"
    batches = Batches(material(arguments.cache, arguments.emoji, arguments.pictures), arguments.seed, arguments.side)
    if arguments.export:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        print(json.dumps({"step": state["step"], "loss": float(np.mean(state["losses"][-50:]))}))
        written(settled(state["average"], batches), arguments.out)
        return
    m = batches.material
    print(
        f"{len(m.drawn)} drawn, {len(m.emoji)} emoji, {len(m.clip_art)} clip art, {len(batches.casts)} casts",
        flush=True,
    )
    net = Net(FIGURE, arguments.frozen)
    if arguments.only_head or not checkpoint.exists():
        net.load_state_dict(with_head(from_image(FIGURE), batches, arguments.cache).state_dict())
    if arguments.only_head:
        written(net, arguments.out)
        return
    schedule = Schedule(arguments.steps, arguments.rate, cosine=arguments.steps, landing=arguments.landing)
    trainer = Trainer(net, schedule, arguments.device, partial(entropy, weight=arguments.entropy))

    def batch(step: int) -> Batch:
        return batches(step, FIGURE.side if step >= arguments.steps - arguments.landing else arguments.side)

    trainer.run(batch, checkpoint, arguments.minutes)
    written(settled({name: value.cpu() for name, value in trainer.average.items()}, batches), arguments.out)


if __name__ == "__main__":
    main()
