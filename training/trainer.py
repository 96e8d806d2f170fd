"""What training both descriptors shares: contrastive loss, memory of past rows, moving average, checkpoints.

A checkpoint holds all of it, and a step draws its chance from (seed, step): an interrupted run goes on as if it had not
been, and the same machine, threads and versions give the same weights.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from net import Net, exported
from numpy.typing import NDArray
from torch import Tensor

AVERAGE = 0.99
"""What the moving average keeps at each step. It is what is exported."""

Batch = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]
"""Views (n, side, side, 3); of each the number of what it shows, and of what it is neither alike nor unlike to."""
Loss = Callable[[Tensor, Tensor], Tensor]
"""Of the batch's rows (n, dim) and their labels, besides the loss of contrast."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rate rises over `warmup` steps, follows half a cosine over `cosine`, falls to 0 over the last `landing`."""

    steps: int
    rate: float
    warmup: int = 60
    cosine: int = 900
    landing: int = 0
    temperature: float = 0.07
    memory: int = 1024
    head: float = 4.0
    """How much faster the head learns."""

    def rate_at(self, step: int) -> float:
        warm, landed = min(1.0, (step + 1) / self.warmup), min(1.0, (self.steps - step) / (self.landing or 1))
        return self.rate * warm * landed * 0.5 * (1 + cos(pi * min(1.0, step / self.cosine)))


def set_up(threads: int, seed: int, device: str) -> None:
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
    torch.utils.deterministic.fill_uninitialized_memory = False  # a fifth of a step, and nothing here reads it
    torch.manual_seed(seed)
    cv2.setNumThreads(1)


def contrast(
    rows: Tensor, labels: Tensor, groups: Tensor, past: Tensor, past_labels: Tensor, past_groups: Tensor, heat: float
) -> Tensor:
    """Supervised contrastive loss (Khosla et al., NeurIPS 2020, eq. 2) against the batch and past rows.

    With two views of each picture it is InfoNCE. Past rows: Wang et al., CVPR 2020. Rows of one group with unlike
    labels are left out.
    """
    others = torch.cat([rows, past])
    logits = rows @ others.T / heat
    same = labels[:, None] == torch.cat([labels, past_labels])[None]
    hidden = (groups[:, None] == torch.cat([groups, past_groups])[None]) & ~same
    itself = torch.arange(len(rows), device=rows.device)
    same[itself, itself] = False
    hidden[itself, itself] = True
    share = logits.masked_fill(hidden, -1e9)
    share = share - share.logsumexp(dim=1, keepdim=True)
    return -((share * same).sum(dim=1) / same.sum(dim=1)).mean()


def entropy(rows: Tensor, labels: Tensor, weight: float) -> Tensor:
    """Minus the mean logarithm of how far the nearest row of another label is (Sablayrolles et al., ICLR 2019)."""
    near = (rows @ rows.T).masked_fill(labels[:, None] == labels[None], -2).max(dim=1).values
    return -weight * 0.5 * (2 - 2 * near).clamp(min=1e-6).log().mean()


class Trainer:
    """Net, optimiser, memory and average, all of which a checkpoint holds."""

    def __init__(self, net: Net, schedule: Schedule, device: str, also: Loss | None = None) -> None:
        self.net = net.to(device, memory_format=torch.channels_last)
        self.schedule, self.device, self.also = schedule, device, also
        head = [*net.projection.parameters(), *net.neck.parameters()]
        trunk = [
            p for name, p in net.named_parameters() if p.requires_grad and not name.startswith(("projection", "neck"))
        ]
        groups = [{"params": trunk, "scale": 1.0}, {"params": head, "scale": schedule.head}]
        self.optimiser = torch.optim.AdamW(groups, lr=schedule.rate, weight_decay=0.02)
        self.average = {name: value.detach().clone() for name, value in net.state_dict().items()}
        self.past = torch.zeros(0, net.shape.dim, device=device)
        self.labels = torch.zeros(0, dtype=torch.int64, device=device)
        self.groups = self.labels
        self.step = 0
        self.losses: list[float] = []
        self.hits: list[float] = []

    def train(self, batch: Batch) -> float:
        rate = self.schedule.rate_at(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        views, labels, groups = (torch.from_numpy(each).to(self.device) for each in batch)
        rows = self.net(views)
        loss = contrast(rows, labels, groups, self.past, self.labels, self.groups, self.schedule.temperature)
        self.losses.append(float(loss.detach()))
        if self.also is not None:
            loss = loss + self.also(rows, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for p in self.net.parameters() if p.requires_grad], 1.0)
        self.optimiser.step()
        kept = self.schedule.memory
        self.past = torch.cat([rows.detach(), self.past])[:kept]
        self.labels, self.groups = torch.cat([labels, self.labels])[:kept], torch.cat([groups, self.groups])[:kept]
        keep = min(AVERAGE, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        nearest = (rows @ rows.T).detach().fill_diagonal_(-2).argmax(dim=1)
        self.hits.append(float((labels[nearest] == labels).float().mean()))
        return self.losses[-1]

    def run(self, batches: Callable[[int], Batch], checkpoint: Path, minutes: float) -> None:
        """To the last step, from the checkpoint where there is one, which is written every so many minutes."""
        if checkpoint.exists():
            self.restore(torch.load(checkpoint, map_location=self.device, weights_only=True))
        begun = last = time.monotonic()
        first = self.step
        while self.step < self.schedule.steps:
            self.train(batches(self.step))
            now = time.monotonic()
            if self.step % 10 == 0:
                pace = (self.step - first) / (now - begun)
                loss, hits = np.mean(self.losses[-20:]), np.mean(self.hits[-20:])
                print(f"{self.step} loss {loss:.3f} R@1 in the batch {hits:.3f} {pace:.3f} steps/s", flush=True)
            if now - last > 60 * minutes or self.step == self.schedule.steps:
                unfinished = checkpoint.with_suffix(".part")
                torch.save(self.state(), unfinished)
                unfinished.rename(checkpoint)
                last = now

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "average": self.average,
            "past": self.past, "labels": self.labels, "groups": self.groups, "step": self.step,
            "losses": self.losses, "hits": self.hits,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = state["average"]
        self.past, self.labels, self.groups = state["past"], state["labels"], state["groups"]
        self.step, self.losses, self.hits = state["step"], state["losses"], state["hits"]


def written(net: Net, out: Path) -> None:
    """The net as ONNX; its digest is printed."""
    data = exported(net.state_dict(), net.shape).SerializeToString(deterministic=True)
    out.write_bytes(data)
    print(f"{out}: {len(data)} bytes, sha256:{hashlib.sha256(data).hexdigest()}", flush=True)
