"""Small ONNX files for tests: one that keeps the contract, and what can be wrong with one."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model_bytes(
    *,
    input_shape: list[Any] | None = None,
    input_type: int = TensorProto.FLOAT,
    heat_name: str = "heatmap",
    heat_cells: int = 128,
    values: tuple[float, ...] = (0.3, 0.2, 0.56),
    extra_nodes: list[onnx.NodeProto] | None = None,
    opsets: list[onnx.OperatorSetIdProto] | None = None,
    mark: int = 0,
) -> bytes:
    """A network that answers the same whatever it sees; ``mark`` makes another file of the same network.

    It has as many heat maps as ``values`` has classes besides "nothing": two or three.
    """
    shape = input_shape or ["N", 1, 512, 512]
    pool = 512 // heat_cells
    constants = {
        "zero": np.zeros(1, np.float32),
        "maps": np.ones((len(values) - 1, 1, 1), np.float32),
        "answer": np.array([values], np.float32),
        "mark": np.array([mark], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("AveragePool", ["float"], ["cells"], kernel_shape=[pool, pool], strides=[pool, pool]),
        helper.make_node("Mul", ["cells", "zero"], ["nought"]),
        helper.make_node("Mul", ["nought", "maps"], [heat_name]),
        helper.make_node("GlobalMaxPool", ["nought"], ["one"]),
        helper.make_node("Flatten", ["one"], ["flat"]),
        helper.make_node("Add", ["flat", "answer"], ["probabilities"]),
        *(extra_nodes or []),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pixels", input_type, shape)],
        [
            helper.make_tensor_value_info(heat_name, TensorProto.FLOAT, ["N", len(values) - 1, heat_cells, heat_cells]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", len(values)]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=opsets or [helper.make_opsetid("", 18)], ir_version=10)
    return model.SerializeToString()


def card_for(content: bytes, **fields: Any) -> dict[str, Any]:
    """The least a card needs."""
    return {"name": "small", "version": "1", "sha256": hashlib.sha256(content).hexdigest(), "threshold": 0.7} | fields


def with_external_data(content: bytes) -> bytes:
    """The same model with one of its weights in another file."""
    model = onnx.load_from_string(content)
    tensor = model.graph.initializer[2]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/hostname"
    return model.SerializeToString()


def custom_operator() -> bytes:
    """A model that asks for an operator from elsewhere."""
    node = helper.make_node("Steal", ["flat"], ["loot"], domain="com.example")
    return model_bytes(extra_nodes=[node], opsets=[helper.make_opsetid("", 18), helper.make_opsetid("com.example", 1)])


def memory_bomb() -> bytes:
    """A small file that asks for 4 TB when it runs."""
    nodes = [
        helper.make_node("Shape", ["flat"], ["rows"], start=0, end=1),
        helper.make_node(
            "Constant", [], ["many"], value=numpy_helper.from_array(np.array([1_000_000, 500_000], np.int64))
        ),
        helper.make_node("Concat", ["rows", "many"], ["size"], axis=0),
        helper.make_node("ConstantOfShape", ["size"], ["huge"]),
        helper.make_node("ReduceMax", ["huge"], ["top"], keepdims=0),
        helper.make_node("Add", ["probabilities0", "top"], ["probabilities"]),
    ]
    model = onnx.load_from_string(model_bytes(extra_nodes=nodes))
    for node in model.graph.node:
        if node.op_type == "Add" and "answer" in node.input:
            node.output[0] = "probabilities0"
    return model.SerializeToString()
