"""Train the image descriptor: edited copies of one picture near, other pictures far.

    python train_image_descriptor.py --cache CACHE --emoji NODE_MODULES --pictures /usr/share/openclipart/png OUT.onnx

The recipe is that of SSCD (Pizzi et al., CVPR 2022): two views of a picture, InfoNCE at temperature 0.05 against all
others of the batch and of a memory, an entropy term that spreads rows apart (KoLeo, eq. 4 there), pictures laid over
one another. It starts from ImageNet features, whitened, and trains all blocks but the first few. What is exported is
the moving average of the weights, its features whitened anew.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from image_data import Scenes, Views, scenes
from net import IMAGE, Net, measured_neck, published, whitened
from torch import Tensor
from trainer import Batch, Schedule, Trainer, entropy, set_up, written

OF_FILMS, OF_PAGES = 32, 32
"""Pictures in a batch, each seen twice; no two of one film."""
ENTROPY = 10.0
"""Weight of the entropy term. With 1 rows came to lie in a few dimensions, and unlike pictures of one hand near."""
SETTLING = 40
"""Batches of scenes as they are, over which the projection is whitened."""


def batches(views: Views, seed: int, step: int) -> Batch:
    """Half of the time the first view of a picture is mild: references are seldom edited, queries are."""
    random = np.random.default_rng([seed, step])
    owners = views.scenes.owners
    films = random.choice(np.unique(owners[views.of_films]), OF_FILMS, replace=False)
    numbers = [int(random.choice(views.of_films[owners[views.of_films] == film])) for film in films]
    numbers += [int(number) for number in random.choice(views.of_pages, OF_PAGES, replace=False)]
    pictures = []
    for number in numbers:
        first = views.mild if random.random() < 0.5 else views.strong
        pictures += [first(number, random, IMAGE.side), views.strong(number, random, IMAGE.side)]
    labels = np.repeat(np.array(numbers), 2)
    return np.stack(pictures), labels, owners[labels]


def plain(material: Scenes, views: Views) -> Tensor:
    """Scenes as they are, uint8 (n, side, side, 3)."""
    random = np.random.default_rng(3)
    numbers = random.choice(len(material), min(64 * SETTLING, len(material)), replace=False)
    return torch.from_numpy(np.stack([views.mild(int(number), random, IMAGE.side) for number in numbers]))


def settled(net: Net, samples: Tensor) -> Net:
    """Its projection whitened anew over features of the size that is described; the neck changes nothing."""
    with torch.inference_mode():
        features = torch.cat([net.features(part) for part in samples.split(64)])
    whitened(net, features)
    with torch.no_grad():
        turned = net.projection(features)
        measured_neck(net, turned)
        deviation, mean = torch.std_mean(turned, dim=0)
        net.neck.weight.copy_(deviation)
        net.neck.bias.copy_(mean)
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder for scenes and checkpoints")
    parser.add_argument("--emoji", type=Path, required=True, help="node_modules with the two vendors")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of Debian's openclipart-png")
    parser.add_argument("--steps", type=int, default=650, help="those of the shipped weights")
    parser.add_argument("--frozen", type=int, default=3, help="blocks that keep ImageNet's weights")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=4.0, help="between checkpoints")
    parser.add_argument("--export", action="store_true", help="write the average of the last checkpoint and stop")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    set_up(arguments.threads, arguments.seed, arguments.device)
    checkpoint = arguments.cache / f"checkpoint-image-{arguments.seed}.pt"
    material = scenes(arguments.cache, arguments.emoji, arguments.pictures, arguments.threads)
    views = Views(material)
    print(f"{len(views.of_films)} frames, {len(views.of_pages)} pages", flush=True)
    net = Net(IMAGE, arguments.frozen)
    if not checkpoint.exists():
        net.load_state_dict(settled(published(IMAGE), plain(material, views)).state_dict())
    schedule = Schedule(
        arguments.steps, arguments.rate, cosine=arguments.steps, temperature=0.05, memory=2048, head=1.0
    )
    trainer = Trainer(net, schedule, arguments.device, partial(entropy, weight=ENTROPY))
    if arguments.export:
        trainer.restore(torch.load(checkpoint, map_location=arguments.device, weights_only=True))
    else:
        trainer.run(lambda step: batches(views, arguments.seed, step), checkpoint, arguments.minutes)
    average = {name: value.cpu() for name, value in trainer.average.items()}
    trained = Net(IMAGE)
    trained.load_state_dict(average)
    written(settled(trained, plain(material, views)), arguments.out)


if __name__ == "__main__":
    main()
