"""Official Younger files built from real ONNX models, in the layout of docs/official.md."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import networkx as nx
import onnx
from onnx import AttributeProto, helper

OPSET = 21
"""Operator set whose defaults complete the attributes."""

PROTOCOLS = (2, 3, 4, 5)


def folded(path: Path, *, fillers_only: bool = False) -> onnx.ModelProto:
    """A model whose nodes that only compute constants have become initializers.

    The `light_*` models of the onnx package have ConstantOfShape nodes (fillers) for weights, and
    reshape some of them.
    """
    model = onnx.load(path)
    constants = {tensor.name for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        if constants.issuperset(node.input) and (node.op_type == "ConstantOfShape" or not fillers_only):
            model.graph.node.remove(node)
            constants.update(node.output)
            model.graph.initializer.append(helper.make_tensor(node.output[0], onnx.TensorProto.FLOAT, [0], []))
    return model


def graph_of(*op_types: str, edges: tuple[tuple[str, str], ...] = (), **attributes: Any) -> nx.DiGraph:
    """Operators named by their number, with the same completed attributes."""
    graph = nx.DiGraph()
    for number, op_type in enumerate(op_types):
        operator = {"op_type": op_type, "domain": ""}
        graph.add_node(str(number), features={"operator": operator, "attributes": attributes})
    graph.add_edges_from(edges)
    return graph


def standardised(model: onnx.ModelProto) -> nx.DiGraph:
    """The graph of a model without sub-graphs, in the form of the filter series."""
    graph = nx.DiGraph()
    results = {name: (str(i), slot) for i, node in enumerate(model.graph.node) for slot, name in enumerate(node.output)}
    for i, node in enumerate(model.graph.node):
        if (node.op_type, node.domain) == ("Constant", ""):
            continue
        operator = {"op_type": node.op_type, "domain": node.domain}
        raw = {a.name: {"value": _value(a), "doc_string": "", "attr_type": a.type} for a in node.attribute}
        features = {"operator": operator, "attributes": _completed(node, raw)}
        graph.add_node(str(i), operator=operator, attributes=raw, features=features)
    for i, node in enumerate(model.graph.node):
        for slot, name in enumerate(node.input):
            source, output = results.get(name, ("", 0))
            if source in graph and str(i) in graph:
                graph.add_edge(source, str(i), connection={"emit_index": output, "trap_index": slot})
    return graph


def checked_pickle(graph: Any, protocol: int = 4) -> bytes:
    """A pickle that holds a pickle and its checksum."""
    main = pickle.dumps(graph, protocol)
    return pickle.dumps({"main": main, "checksum": sha256(main).hexdigest()}, protocol)


def write_split(
    folder: Path, payloads: Iterable[bytes], split: str = "train", size: int | None = None, **meta: Any
) -> Path:
    """A split: meta.json, and the archive that it names."""
    members = {f"sample-{i}.pkl": payload for i, payload in enumerate(payloads)}
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "split": split,
        "archive": f"{split}.tar.gz",
        "version": "initial_full",
        "size": len(members) if size is None else size,
        "url": "",
        "metric_name": None,
        "all_tasks": {},
        "all_nodes": {"onnx": {}, "others": {}},
        "all_operators": {"onnx": {}, "others": {}},
        **meta,
    }
    (folder / "meta.json").write_text(json.dumps({k: v for k, v in values.items() if v != "absent"}), encoding="utf-8")
    return write_tar(folder / f"{split}.tar.gz", members)


def write_tar(path: Path, members: Mapping[str, bytes], kinds: Mapping[str, bytes] | None = None) -> Path:
    """A gzipped tar archive with the extended headers that tarfile writes for real files."""
    with tarfile.open(path, "w:gz") as tar:
        for name, payload in members.items():
            info = tarfile.TarInfo(name)
            info.mtime = 1717000000.25
            info.type = (kinds or {}).get(name, tarfile.REGTYPE)
            info.linkname = "/etc/passwd" if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            info.size = len(payload) if info.type == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(payload))
    return path


def instance_files(payload: bytes, labels: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of an instance folder."""
    return {
        "label.json": json.dumps(labels).encode(),
        "meta.json": b"{}",
        "network/graph.pkl": payload,
        "network/info.json": b'{"ir_version": null, "opset_import": null}',
        "unique.id": b"null",
    }


def write_instance(folder: Path, payload: bytes, labels: Mapping[str, Any]) -> Path:
    """An instance folder."""
    for name, content in instance_files(payload, labels).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def _value(attribute: AttributeProto) -> Any:
    if attribute.type == AttributeProto.TENSOR:
        dims, data_type = list(attribute.t.dims), attribute.t.data_type
        return {"data_type": data_type, "dims": dims, "vals": None, "raw": False}
    if attribute.type == AttributeProto.TYPE_PROTO:
        return {"elem_type": attribute.tp.tensor_type.elem_type, "shape": [], "shape_denotation": ""}
    value = helper.get_attribute_value(attribute)
    return (
        list(value) if attribute.type in (AttributeProto.FLOATS, AttributeProto.INTS, AttributeProto.STRINGS) else value
    )


def _completed(node: onnx.NodeProto, raw: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[int, str]]:
    try:
        schema = onnx.defs.get_schema(node.op_type, OPSET, node.domain)
    except onnx.defs.SchemaError:
        return {name: (item["attr_type"], str(item["value"])) for name, item in raw.items()}
    defaults = {name: a.default_value for name, a in schema.attributes.items()}
    found = {
        name: (schema.attributes[name].type.value, str(_value(default)) if default.name else "None")
        for name, default in defaults.items()
    }
    known = {name: (found[name][0], str(item["value"])) for name, item in raw.items() if name in found}
    return {**found, **known}
