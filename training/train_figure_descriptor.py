"""Train the figure descriptor: drawings of one figure near, other figures far, those of the same hand above all.

    python draw_figures.py CACHE/drawn
    python train_figure_descriptor.py --cache CACHE --emoji NODE_MODULES --pictures /usr/share/openclipart/png OUT.onnx

First a linear head on frozen ImageNet features, then, from there, all blocks but the first few, by the supervised
contrastive loss (Khosla et al., NeurIPS 2020, eq. 2) against the batch and a memory of past rows (Wang et al., CVPR
2020). Each batch holds whole casts, so that figures of one artist are told apart. What is exported is the moving
average of the weights. A checkpoint is written every few minutes and an interrupted run goes on; a step draws its
chance from (seed, step), so that the same machine, threads and versions give the same weights.
"""

import argparse
import hashlib
import json
import time
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from figure_data import Material, Square, material, view
from figure_net import DIM, SIDE, FigureNet, exported, published
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.07
VIEWS = 3
CASTS, OF_CAST, SINGLES, EMOJI, CLIP_ART = 2, 6, 6, 9, 5
"""Figures in one batch by source; each is seen VIEWS times."""
MEMORY = 1024
HEAD_VIEWS, HEAD_STEPS = 9600, 1000
AVERAGE = 0.99
WARMUP, COSINE = 60, 900
"""Steps: the rate rises over the first and follows a half cosine over the second, of which a run may do a part."""


@dataclass
class Batches:
    """Batches by step: views uint8 (n, side, side, 3) and, of each, the number of its figure."""

    material: Material
    seed: int
    side: int

    def __post_init__(self) -> None:
        m = self.material
        self.casts = [np.flatnonzero(m.artists == artist) for artist in np.unique(m.artists[m.artists >= 0])]
        self.casts = [members for members in self.casts if len(members) >= OF_CAST]
        self.offsets = np.cumsum([0, len(m.drawn), len(m.emoji)])

    def __call__(self, step: int, side: int | None = None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
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
            vendors = [0, 1, int(random.integers(2))]
            squares.append((int(self.offsets[1] + figure), [m.emoji[figure, i] for i in vendors]))
        for figure in random.choice(len(m.clip_art), CLIP_ART, replace=False):
            squares.append((int(self.offsets[2] + figure), [m.clip_art[figure]] * VIEWS))
        views, figures = [], []
        for figure, drawings in squares:
            for drawing in drawings:
                near = self._any(random) if random.random() < 0.4 else None
                views.append(view(drawing, random, side or self.side, m.grounds, near))
                figures.append(figure)
        return np.stack(views), np.array(figures)

    def _any(self, random: np.random.Generator) -> Square:
        drawn = self.material.drawn
        return drawn[random.integers(len(drawn)), random.integers(drawn.shape[1])]


def contrast(rows: Tensor, figures: Tensor, past: Tensor, past_figures: Tensor) -> Tensor:
    """Mean over rows and over their positives of -log softmax, others being all of the batch and of the memory."""
    others, labels = torch.cat([rows, past]), torch.cat([figures, past_figures])
    logits = rows @ others.T / TEMPERATURE
    self_ = torch.arange(len(rows), device=rows.device)
    same = figures[:, None] == labels[None]
    same[self_, self_] = False
    hidden = torch.zeros_like(same)
    hidden[self_, self_] = True
    logits = logits.masked_fill(hidden, -1e9)
    share = logits - logits.logsumexp(dim=1, keepdim=True)
    return -((share * same).sum(dim=1) / same.sum(dim=1)).mean()


class Trainer:
    """Net, optimiser, memory and average, all of which a checkpoint holds."""

    def __init__(self, net: FigureNet, steps: int, landing: int, rate: float, device: str) -> None:
        self.net, self.steps, self.rate, self.device = (
            net.to(device, memory_format=torch.channels_last),
            steps,
            rate,
            device,
        )
        head = [*net.projection.parameters(), *net.neck.parameters()]
        trunk = [
            p for name, p in net.named_parameters() if p.requires_grad and not name.startswith(("projection", "neck"))
        ]
        groups = [{"params": trunk, "scale": 1.0}, {"params": head, "scale": 4.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=0.02)
        self.average = {name: value.detach().clone() for name, value in net.state_dict().items()}
        self.past = torch.zeros(0, DIM, device=device)
        self.figures = torch.zeros(0, dtype=torch.int64, device=device)
        self.step, self.landing = 0, landing
        self.losses: list[float] = []
        self.hits: list[float] = []

    def train(self, views: NDArray[np.uint8], figures: NDArray[np.int64]) -> float:
        warmup, landing = min(1.0, (self.step + 1) / WARMUP), min(1.0, (self.steps - self.step) / (self.landing or 1))
        rate = self.rate * warmup * landing * 0.5 * (1 + cos(pi * min(1.0, self.step / COSINE)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        labels = torch.from_numpy(figures).to(self.device)
        rows = self.net(torch.from_numpy(views).to(self.device))
        loss = contrast(rows, labels, self.past, self.figures)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in self.net.parameters() if p.requires_grad], 1.0)
        self.optimiser.step()
        self.past = torch.cat([rows.detach(), self.past])[:MEMORY]
        self.figures = torch.cat([labels, self.figures])[:MEMORY]
        keep = min(AVERAGE, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        self.losses.append(float(loss.detach()))
        nearest = (rows @ rows.T).detach().fill_diagonal_(-2).argmax(dim=1)
        self.hits.append(float((labels[nearest] == labels).float().mean()))
        return self.losses[-1]

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "average": self.average,
            "past": self.past, "figures": self.figures, "step": self.step, "losses": self.losses, "hits": self.hits,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = state["average"]
        self.past, self.figures = state["past"], state["figures"]
        self.step, self.losses, self.hits = state["step"], state["losses"], state["hits"]


def with_head(net: FigureNet, batches: Batches, cache: Path) -> FigureNet:
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
                views, figures = batches(1_000_000 + step)
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
        rows = functional.normalize(net.projection(features[chosen].flatten(0, 1)))
        loss = contrast(rows, figures[chosen].flatten(), rows[:0], figures[0, :0])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    print(f"head: loss {float(loss.detach()):.3f} over {len(features)} batches", flush=True)
    with torch.no_grad():
        turned = net.projection(features.flatten(0, 1))
        deviation, mean = torch.std_mean(turned, dim=0)
        for ours, value in ((net.neck.running_mean, mean), (net.neck.running_var, deviation**2)):
            cast(Tensor, ours).copy_(value)
        # With these the neck changes nothing yet.
        net.neck.weight.copy_(deviation)
        net.neck.bias.copy_(mean)
    torch.save(net.state_dict(), done)
    return net


def whitened(net: FigureNet, features: Tensor) -> None:
    """The projection starts as PCA with whitening of what it is to project."""
    mean = features.mean(dim=0)
    variance, axes = torch.linalg.eigh(torch.cov((features - mean).T.double()))
    axes = (axes[:, -DIM:] / variance[-DIM:].clamp(min=1e-9).sqrt()).T.float()
    axes *= 1 / DIM**0.5
    with torch.no_grad():
        net.projection.weight.copy_(axes)
        net.projection.bias.copy_(-axes @ mean)


def settled(average: dict[str, Tensor], batches: Batches, count: int = 12) -> dict[str, Tensor]:
    """The average net with the neck's mean and variance measured over views of the size that is described."""
    net = FigureNet()
    net.load_state_dict(average)
    with torch.inference_mode():
        views = [batches(2_000_000 + step, SIDE)[0] for step in range(count)]
        turned = torch.cat([net.projection(net.features(torch.from_numpy(v))) for v in views])
        variance, mean = torch.var_mean(turned, dim=0)
        cast(Tensor, net.neck.running_mean).copy_(mean)
        cast(Tensor, net.neck.running_var).copy_(variance)
    return net.state_dict()


def written(state: dict[str, Tensor], out: Path) -> None:
    out.write_bytes(exported(state).SerializeToString(deterministic=True))
    data = out.read_bytes()
    print(f"{out}: {len(data)} bytes, sha256:{hashlib.sha256(data).hexdigest()}", flush=True)


def saved(trainer: Trainer, path: Path) -> None:
    unfinished = path.with_suffix(".part")
    torch.save(trainer.state(), unfinished)
    unfinished.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder with drawn/, kept features, checkpoints")
    parser.add_argument("--emoji", type=Path, required=True, help="node_modules with the two vendors")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of Debian's openclipart-png")
    parser.add_argument("--steps", type=int, default=337, help="those of the shipped weights")
    parser.add_argument(
        "--landing", type=int, default=0, help="last steps, with full-size views and a rate falling to 0"
    )
    parser.add_argument("--side", type=int, default=96, help="of the views trained on; 96 costs half of 128")
    parser.add_argument("--frozen", type=int, default=5, help="blocks that keep ImageNet's weights")
    parser.add_argument("--rate", type=float, default=6e-5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=4.0, help="between checkpoints")
    parser.add_argument(
        "--only-head", action="store_true", help="write the frozen net with its trained head, to compare"
    )
    parser.add_argument("--export", action="store_true", help="write the average of the last checkpoint and stop")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.use_deterministic_algorithms(True, warn_only=arguments.device != "cpu")
    cv2.setNumThreads(1)
    torch.manual_seed(arguments.seed)
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
    net = FigureNet(arguments.frozen)
    if arguments.only_head or not checkpoint.exists():
        net.load_state_dict(with_head(published(), batches, arguments.cache).state_dict())
    if arguments.only_head:
        written(net.state_dict(), arguments.out)
        return
    trainer = Trainer(net, arguments.steps, arguments.landing, arguments.rate, arguments.device)
    if checkpoint.exists():
        trainer.restore(torch.load(checkpoint, map_location=arguments.device, weights_only=True))
    begun = last = time.monotonic()
    first = trainer.step
    while trainer.step < arguments.steps:
        landing = trainer.step >= arguments.steps - arguments.landing
        trainer.train(*batches(trainer.step, SIDE if landing else arguments.side))
        now = time.monotonic()
        if trainer.step % 10 == 0:
            pace = (trainer.step - first) / (now - begun)
            loss, hits = np.mean(trainer.losses[-20:]), np.mean(trainer.hits[-20:])
            print(f"{trainer.step} loss {loss:.3f} R@1 in the batch {hits:.3f} {pace:.3f} steps/s", flush=True)
        if now - last > 60 * arguments.minutes or trainer.step == arguments.steps:
            saved(trainer, checkpoint)
            last = now
    written(settled({name: value.cpu() for name, value in trainer.average.items()}, batches), arguments.out)


if __name__ == "__main__":
    main()
