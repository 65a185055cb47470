"""ONNX model -> Dag: operators become nodes, data flows edges; the rest is kept only as far as a rebuild needs it.

Local functions are inlined. Sub-graphs of If, Loop and Scan are flattened: values they capture are real edges, the
formal inputs of a body stand for the control-flow node's own inputs, and a sub-graph's results flow into that node.
Operators over constants are folded away.
"""

from __future__ import annotations

import onnx
from google.protobuf.message import DecodeError

from younger_hf.errors import ModelReadError
from younger_hf.graph.dag import Dag
from younger_hf.graph.operators.signatures import canonical_domain
from younger_hf.graph.read.blocks import Blocks
from younger_hf.graph.read.graph_builder import GraphBuilder
from younger_hf.graph.read.graph_parts import split_encoded, split_model
from younger_hf.graph.read.local_functions import inline_functions
from younger_hf.graph.read.location import ModelLocation, in_memory, open_blocks
from younger_hf.graph.read.names import check_names, check_opsets, name_text
from younger_hf.graph.read.weight_stripper import NO_MODEL


def from_onnx(source: ModelLocation) -> Dag:
    """Read the architecture of an ONNX model; its weights are neither kept nor needed.

    Args:
        source: A path, an address (`https://`, `http://`, `hf://`), the bytes of a file, or a seekable binary file. Of a large file
            little more is read than the architecture takes; external data files are never opened.

    Returns:
        The Dag, its nodes in topological order.

    Raises:
        ModelReadError: If the source is no readable ONNX model, or its graph is no valid one (a cycle, a value that
            nothing produces or that is defined twice).

    Example:
        >>> import onnx, onnx.parser
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[n] x) => (float[n] y) { z = Relu(x)  y = Mul(z, z) }''')
        >>> dag = from_onnx(model.SerializeToString())
        >>> dag.op_types, dag.edge_index.tolist()
        (('Relu', 'Mul'), [[0, 0], [1, 1]])
    """
    with open_blocks(source) as blocks:
        if not blocks.size:
            raise ModelReadError(f"{blocks.name}: the file is empty, expected an ONNX model.", NO_MODEL)
        return _extract(blocks)


def extract(model: onnx.ModelProto, name: str = "<model>") -> Dag:
    """The Dag of a parsed model; `name` is used in messages. See `from_onnx`."""
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
            raise ModelReadError(
                f"{name}: this is no ONNX model: it has no graph, or neither IR version nor operator sets.", NO_MODEL
            )
        check_opsets(opsets, name)
        versions = {canonical_domain(name_text(item.domain, name)): item.version for item in opsets}
        return GraphBuilder(name, tuple(versions.items())).main_graph(graph)
    except UnicodeDecodeError as error:
        raise ModelReadError(
            f"{name}: a name is no UTF-8 text ({error.object[:40]!r}), expected names to be text.", NO_MODEL
        ) from error
    except (DecodeError, RecursionError) as error:
        raise ModelReadError(
            f"{name}: this is no readable ONNX model ({blocks.size:,} bytes; cut off, or another format: {first_line(error)}).",
            NO_MODEL,
        ) from error


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).splitlines()), type(error).__name__)
