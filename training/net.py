"""EfficientNet-Lite0 as a descriptor: batch norms folded, 320 features pooled, projected, unit length."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from graph import BATCH_NORM_EPSILON, DEVIATION, MEAN, STAGES, Graph, Weights, read_weights
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 320
IMAGE_WEIGHTS = Path(__file__).parent.parent / "src/tomeishi/fingerprint/weights/image-2.onnx"
NECK_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a descriptor: the side of its input, the width of its rows, and the power of the generalised mean.

    A high power keeps what is seen in one place only.
    """

    name: str
    side: int
    dim: int
    power: float


FIGURE = Shape("tomeishi-figure", 128, 128, 3.0)
IMAGE = Shape("tomeishi-image", 128, 256, 5.0)


class Conv(nn.Module):
    """With bias instead of a batch norm, padded as TensorFlow's SAME is for an even side."""

    def __init__(self, width: int, into: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(into, width // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(into))
        self.stride, self.groups, self.padding = stride, groups, kernel - stride

    def forward(self, x: Tensor) -> Tensor:
        before, after = self.padding // 2, self.padding - self.padding // 2
        if before != after:
            x, before = functional.pad(x, (before, after, before, after)), 0
        return functional.conv2d(x, self.weight, self.bias, self.stride, before, 1, self.groups)


class Block(nn.Module):
    """Inverted bottleneck: widen, filter each channel, narrow; added to its input where the shape stays."""

    def __init__(self, width: int, into: int, kernel: int, stride: int, expand: bool) -> None:
        super().__init__()
        inner = 6 * width if expand else width
        self._expand_conv = Conv(width, inner, 1) if expand else None
        self._depthwise_conv = Conv(inner, inner, kernel, stride, inner)
        self._project_conv = Conv(inner, into, 1)
        self.stays = stride == 1 and width == into

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._expand_conv(x)) if self._expand_conv is not None else x
        y = self._project_conv(functional.relu6(self._depthwise_conv(y)))
        return x + y if self.stays else y


class Net(nn.Module):
    """uint8 (n, side, side, 3) RGB to float32 (n, dim) of unit length. Parameters carry the published names.

    The stem and the first `frozen` blocks are not trained: they see edges and colours, and cost half of a step.
    """

    def __init__(self, shape: Shape, frozen: int = 0) -> None:
        super().__init__()
        self.shape = shape
        self._conv_stem = Conv(3, 32, 3, 2)
        blocks, width = [], 32
        for repeats, kernel, first_stride, into in STAGES:
            for repeat in range(repeats):
                blocks.append(Block(width, into, kernel, first_stride if repeat == 0 else 1, bool(blocks)))
                width = into
        self._blocks = nn.ModuleList(blocks)
        self.projection = nn.Linear(FEATURES, shape.dim)
        # Centred anew in each batch (Luo et al., CVPRW 2019): a shift that all share would else drown what differs.
        self.neck = nn.BatchNorm1d(shape.dim, NECK_EPSILON)
        self.register_buffer("mean", torch.tensor(MEAN, dtype=torch.float32).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer(
            "deviation", torch.tensor(DEVIATION, dtype=torch.float32).reshape(1, 3, 1, 1), persistent=False
        )
        for part in (self._conv_stem, *blocks[:frozen]) if frozen else ():
            part.requires_grad_(False)

    def features(self, samples: Tensor) -> Tensor:
        """Pooled, unit length, (n, 320)."""
        x = (samples.permute(0, 3, 1, 2).float() - self.mean) / self.deviation
        x = functional.relu6(self._conv_stem(x.contiguous(memory_format=torch.channels_last)))
        for block in self._blocks:
            x = block(x)
        return functional.normalize(x.clamp(min=1e-6).pow(self.shape.power).mean((2, 3)).pow(1 / self.shape.power))

    def forward(self, samples: Tensor) -> Tensor:
        return functional.normalize(cast(Tensor, self.neck(self.projection(self.features(samples)))))


def published(shape: Shape) -> Net:
    """With ImageNet's weights, its projection still by chance."""
    net = Net(shape)
    net.load_state_dict(net.state_dict() | _folded(read_weights()))
    return net


def from_image(shape: Shape) -> Net:
    """With the trunk of the shipped image descriptor, its projection still by chance."""
    model = onnx.load(IMAGE_WEIGHTS)
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    halves = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    inputs = [name for node in model.graph.node if node.op_type == "Conv" for name in node.input[1:]]
    net = Net(shape)
    names = [name for name in net.state_dict() if "_conv" in name]
    trunk = {
        name: torch.tensor(constants[halves.get(kept, kept)].astype(np.float32))
        for name, kept in zip(names, inputs, strict=True)
    }
    net.load_state_dict(net.state_dict() | trunk)
    return net


def _folded(weights: Weights) -> dict[str, Tensor]:
    """Convolutions with their batch norms taken in; the published names of the norms count through a block."""
    folded: dict[str, Tensor] = {}
    for name in [name.removesuffix(".weight") for name in weights if name.endswith("_conv.weight")] + ["_conv_stem"]:
        block, _, last = name.rpartition(".")
        bare = f"{block}._expand_conv.weight" not in weights
        norms = {"_conv_stem": "_bn0", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
        norm = f"{block}.{norms[last]}".lstrip(".")
        assert bare or last != "_expand_conv" or f"{block}._bn0.weight" in weights
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        kernels = weights[f"{name}.weight"] * scale[:, None, None, None]
        folded[f"{name}.weight"] = torch.tensor(kernels, dtype=torch.float32)
        folded[f"{name}.bias"] = torch.tensor(bias, dtype=torch.float32)
    return folded


def whitened(net: Net, features: Tensor) -> None:
    """The projection starts as PCA with whitening of the features (n, 320) that it is to project."""
    dim, mean = net.shape.dim, features.mean(dim=0)
    variance, axes = torch.linalg.eigh(torch.cov((features - mean).T.double()))
    axes = (axes[:, -dim:] / variance[-dim:].clamp(min=1e-9).sqrt()).T.float()
    axes *= 1 / dim**0.5
    with torch.no_grad():
        net.projection.weight.copy_(axes)
        net.projection.bias.copy_(-axes @ mean)


def measured_neck(net: Net, turned: Tensor) -> None:
    """The neck's mean and variance are those of projected features (n, dim)."""
    variance, mean = torch.var_mean(turned, dim=0)
    cast(Tensor, net.neck.running_mean).copy_(mean)
    cast(Tensor, net.neck.running_var).copy_(variance)


def exported(state: Mapping[str, Tensor], shape: Shape) -> onnx.ModelProto:
    """The ONNX graph of a trained net: `samples` uint8 (n, side, side, 3) to `rows` float32 (n, dim)."""
    graph = Graph({name: tensor.detach().cpu().numpy().astype(np.float64) for name, tensor in state.items()})
    weights = graph.weights
    scale = weights["neck.weight"] / np.sqrt(weights["neck.running_var"] + NECK_EPSILON)
    axes = weights["projection.weight"] * scale[:, None]
    bias = (weights["projection.bias"] - weights["neck.running_mean"]) * scale + weights["neck.bias"]
    # Rows are normalised afterwards: a common factor keeps float16 in its range.
    largest = np.abs(axes).max()
    features = graph.normalised(graph.pooled(graph.trunk("samples"), shape.power))
    turned = graph.node("MatMul", features, graph.half(axes.T / largest))
    rows = graph.normalised(graph.node("Add", turned, graph.constant(bias / largest)))
    return graph.model(rows, shape.dim, shape.side, shape.name)


def described(net: Net, samples: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """Rows of many samples."""
    net.eval()
    with torch.inference_mode():
        parts = [net(torch.from_numpy(samples[i : i + batch])) for i in range(0, len(samples), batch)]
    return torch.cat(parts).numpy()
