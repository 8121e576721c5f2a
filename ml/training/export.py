"""From a trained network to the file that ships: ONNX in one piece, without paths of this machine, checked."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from ml.contract import HEATMAP_NAME, INPUT_NAME, INPUT_SIZE_PX, PROBABILITIES_NAME
from ml.runtime import Network
from ml.training.network import Exported, TrailNet

OPSET = 18


def export_onnx(network: TrailNet) -> bytes:
    """The network as an ONNX file with a free batch size, its weights inside, nothing of this machine in it."""
    network = network.eval().to(memory_format=torch.contiguous_format)
    example = torch.zeros(2, 1, INPUT_SIZE_PX, INPUT_SIZE_PX)
    for chatty in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Exported(network).eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT_NAME],
            output_names=[HEATMAP_NAME, PROBABILITIES_NAME],
            dynamic_shapes=({0: torch.export.Dim("N", min=1, max=1024)},),
            external_data=False,
            verbose=False,
        )
    buffer = io.BytesIO()
    onnx.save(program.model_proto, buffer)
    model = onnx.load_from_string(buffer.getvalue())
    strip(model)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def strip(model: onnx.ModelProto) -> None:
    """Remove what the exporter noted of its source files and call stacks, in place."""
    model.doc_string = ""
    del model.metadata_props[:]
    _strip_graph(model.graph)
    for function in model.functions:
        function.doc_string = ""
        del function.metadata_props[:]
        _strip_nodes(function.node)


def _strip_graph(graph: onnx.GraphProto) -> None:
    graph.doc_string = ""
    del graph.metadata_props[:]
    _strip_nodes(graph.node)
    for part in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]


def _strip_nodes(nodes: Iterable[Any]) -> None:
    for node in nodes:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _strip_graph(attribute.g)


@torch.no_grad()
def parity(network: TrailNet, content: bytes, inputs: NDArray[np.float32]) -> float:
    """Largest absolute difference between PyTorch's answers and the exported file's, over both outputs."""
    heat, probabilities = Exported(network).eval()(torch.from_numpy(inputs))
    heat_found, probabilities_found = Network(content).run(inputs)
    return float(
        max(np.abs(heat.numpy() - heat_found).max(), np.abs(probabilities.numpy() - probabilities_found).max())
    )
