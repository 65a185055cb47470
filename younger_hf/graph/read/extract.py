"""ONNX model -> Dag: operators become nodes, data flows become edges, weights are left out.

Local functions are inlined. Sub-graphs of If, Loop and Scan are flattened: values that they capture
are real edges, the formal inputs of a body stand for the control-flow node's own inputs, and the
results of a sub-graph flow into that node. Operators over constants are folded away.
"""

from __future__ import annotations

import onnx
from google.protobuf.message import DecodeError

from younger_hf.errors import ModelReadError
from younger_hf.files import first_line
from younger_hf.graph.dag import Dag
from younger_hf.graph.operators.signatures import canonical_domain
from younger_hf.graph.read.blocks import Blocks
from younger_hf.graph.read.graph_builder import GraphBuilder
from younger_hf.graph.read.graph_parts import split_encoded, split_model
from younger_hf.graph.read.local_functions import inline_functions
from younger_hf.graph.read.location import ModelLocation, in_memory, open_blocks
from younger_hf.graph.read.names import check_names, check_opsets, name_text
from younger_hf.graph.read.weight_stripper import HINT, check_not_empty, not_a_model, unreadable


def from_onnx(source: ModelLocation) -> Dag:
    """Read the architecture of an ONNX model; its weights are neither kept nor needed.

    Args:
        source: A path, an address (`https://`, `http://`, `hf://`), the bytes of a file, or a
            seekable binary file. Weights of large files are skipped; external data files are never
            opened.

    Returns:
        The Dag, its nodes in topological order.

    Raises:
        ModelReadError: If the source is not a readable ONNX model, or its graph is invalid (a
            cycle, a value that is undefined or defined twice).

    Example:
        >>> import onnx, onnx.parser
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[n] x) => (float[n] y) { z = Relu(x)  y = Mul(z, z) }''')
        >>> dag = from_onnx(model.SerializeToString())
        >>> dag.op_types, dag.edge_index.tolist()
        (('Relu', 'Mul'), [[0, 0], [1, 1]])
    """
    with open_blocks(source) as blocks:
        check_not_empty(blocks)
        return _extract(blocks)


def extract(model: onnx.ModelProto, name: str = "<model>") -> Dag:
    """Return the Dag of a parsed model, see `from_onnx`; `name` is used in messages."""
    return _extract(in_memory(model.SerializeToString(), name))


def _extract(blocks: Blocks) -> Dag:
    name = blocks.name
    try:
        model = split_model(blocks)
        graph, opsets = model.graph, model.opsets
        if model.whole is not None and model.whole.HasField("graph"):
            check_names(model.whole, name)
            inlined = inline_functions(model.whole, name)
            graph, opsets = split_encoded(inlined.graph.SerializeToString()), list(inlined.opset_import)
        if graph is None or not (model.ir_version or opsets):
            raise not_a_model(blocks)
        check_opsets(opsets, name)
        versions = {canonical_domain(name_text(item.domain, name)): item.version for item in opsets}
        return GraphBuilder(name, tuple(versions.items())).build(graph)
    except UnicodeDecodeError as error:
        raise ModelReadError(f"{name}: a name is not UTF-8 ({error.object[:40]!r}).", HINT) from error
    except (DecodeError, RecursionError) as error:
        raise unreadable(blocks, first_line(error)) from error
