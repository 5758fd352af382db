"""Write a fitted encoder as the file that the desk reads: a graph whose matrices are in eight bits.

It is built by hand, so that one operator stands for each step and those in eight bits are fused at loading.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from amends.language import heads
from amends.language.train.net import ATTENTION, SIZE, Layer, Net

OPSET = 20
"""Gelu is an operator of its own from this version on."""


class Graph:
    """Nodes and constants as they are added; every method returns the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, array: object) -> str:
        """A matrix, a number or a shape."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op: str, *inputs: str, **told: Any) -> str:
        """One operation on what was made before."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{op}_{name}", **told))
        return name

    def linear(self, x: str, layer: nn.Linear) -> str:
        """A matrix, and what is added to it."""
        product = self.node("MatMul", x, self.constant(_array(layer.weight).T.copy()))
        return self.node("Add", product, self.constant(_array(layer.bias)))

    def normed(self, x: str, layer: nn.LayerNorm) -> str:
        """Layer normalisation."""
        scale, shift = self.constant(_array(layer.weight)), self.constant(_array(layer.bias))
        return self.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=layer.eps)

    def attended(self, x: str, layer: Layer) -> str:
        """Every piece as a mixture of all, by how much it asks of each."""
        parts = (layer.query, layer.key, layer.value)
        weight, bias = (np.concatenate([_array(getattr(p, n)) for p in parts]) for n in ("weight", "bias"))
        product = self.node("MatMul", x, self.constant(weight.T.copy()))
        three = self.node("Add", product, self.constant(bias))
        apart = self.node("Reshape", three, self.constant([0, 0, 3, ATTENTION, SIZE // ATTENTION]))
        turned = self.node("Transpose", apart, perm=[2, 0, 3, 1, 4])
        query, key, value = (self.node("Gather", turned, self.constant(n), axis=0) for n in range(3))
        near = self.node("MatMul", query, self.node("Transpose", key, perm=[0, 1, 3, 2]))
        near = self.node("Mul", near, self.constant(np.float32((SIZE // ATTENTION) ** -0.5)))
        mixed = self.node("MatMul", self.node("Softmax", near, axis=-1), value)
        together = self.node(
            "Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), self.constant([0, 0, SIZE])
        )
        return self.linear(together, layer.attended)


def _array(parameter: nn.Parameter) -> NDArray[np.float32]:
    array: NDArray[np.float32] = parameter.detach().cpu().float().numpy()
    return array


def graph(net: Net) -> Any:
    """The encoder from a text's embedded pieces to each piece's scores and weights, in full precision."""
    g = Graph()
    x = g.normed("embedded", net.norm)
    for layer in net.layers:
        x = g.normed(g.node("Add", x, g.attended(x, layer)), layer.norm)
        x = g.normed(
            g.node("Add", x, g.linear(g.node("Gelu", g.linear(x, layer.wide)), layer.narrow)), layer.last
        )
    g.nodes.append(helper.make_node("Identity", [g.linear(x, net.head)], ["scores"], name="scores"))
    made = helper.make_graph(
        g.nodes, "encoder", [_floats("embedded", SIZE)], [_floats("scores", 2 * heads.WIDTH)], g.constants
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


def _floats(name: str, width: int) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", "pieces", width])


def write(net: Net, file: Path) -> None:
    """The graph at `file`; of each number seven bits are kept, which every processor multiplies rightly."""
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        onnx.save(graph(net), whole)
        quantize_dynamic(
            whole,
            file,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
