"""Drawing: a small Dag as an SVG image, inputs at the top, data flowing down."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from younger_hf.errors import YoungerError
from younger_hf.graph.dag import Dag
from younger_hf.graph.operators.operator_families import FAMILIES, OTHER, Family, family_of
from younger_hf.graph.operators.shape_inference import infer_values
from younger_hf.graph.operators.signatures import operator_name
from younger_hf.graph.values import TensorInfo, TensorInfos, described_shape

LARGEST_DRAWING = 500
"""Maximum number of nodes: more do not fit on a screen, and their lines cannot be told apart."""

_WIDTH, _HEIGHT = 148, 36
_COLUMN, _ROW = 164, 64
_MARGIN, _LEGEND, _SWATCH = 24, 44, 164
_LABEL, _DETAIL = 20, 25
"""Maximum number of characters in the first line of a box, and in the smaller second one."""

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Box:
    """A node of the drawing: an operator, an input or a result of the model."""

    label: str
    detail: str
    tooltip: str
    fill: str
    style: str = ""


def draw_svg(dag: Dag, title: str = "", dynamic_size: int = 1) -> str:
    """Draw a Dag: a box per operator with the shape of its first output, an arrow per data flow.

    Attributes, parameters and shapes of an operator are in its tooltip. Operators in sub-graphs of
    control-flow nodes have a dashed frame.

    Args:
        dag: The architecture, of at most 500 nodes.
        title: Title of the image.
        dynamic_size: Size assumed for the dynamic dimensions of the inputs, as in `infer_values`.

    Returns:
        The text of an SVG file without scripts or external references.

    Raises:
        YoungerError: If the Dag has no nodes or too many.
    """
    if not 1 <= dag.num_nodes <= LARGEST_DRAWING:
        raise YoungerError(
            f"{title or 'The model'} has {dag.num_nodes:,} operators, expected 1 to {LARGEST_DRAWING} for a drawing.",
            "Leave out --svg for tables, or open the file in a viewer that folds and zooms, such as netron.app.",
        )
    values = infer_values(dag, dynamic_size)
    boxes, edges = _boxes(dag, values)
    points, lines = _layout(len(boxes), edges)
    families = tuple(map(family_of, dag.domains, dag.op_types))
    legend = [family for family in (*FAMILIES, OTHER) if family in families]
    width = max(max(x for x, _ in points) + _WIDTH / 2, _MARGIN + _SWATCH * len(legend)) + _MARGIN
    height = max(y for _, y in points) + _HEIGHT / 2 + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="system-ui, sans-serif" font-size="12" text-anchor="middle">',
        f"<title>{_text(title)}</title>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#555"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#fff"/>',
        *_legend(legend),
        '<g fill="none" stroke="#555">',
        *(_line(points[a], points[b], a < len(boxes), b < len(boxes)) for a, b in lines),
        "</g>",
        *(_drawn(box, *place) for box, place in zip(boxes, points, strict=False)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _boxes(dag: Dag, values: TensorInfos) -> tuple[list[_Box], list[tuple[int, int]]]:
    """Return boxes (operators, inputs, results) and the distinct pairs between which data flows."""
    boxes = [_operator_box(dag, node, values) for node in range(dag.num_nodes)]
    edges = dict.fromkeys(map(tuple, dag.edge_index.T.tolist()))
    input_boxes: dict[str, int] = {}
    for item in dag.inputs:
        if item.kind == "graph_input":
            if item.name not in input_boxes:
                input_boxes[item.name] = len(boxes)
                detail = _described(TensorInfo(item.dtype, item.shape))
                boxes.append(_Box(item.name, detail, f"input {item.name}\n{detail}", "#eef", 'rx="18"'))
            edges[input_boxes[item.name], item.node] = None
    for output in dag.outputs:
        detail = _described(values.output(output.node, output.slot))
        edges[output.node, len(boxes)] = None
        boxes.append(_Box(output.name, detail, f"output {output.name}\n{detail}", "#efe", 'rx="18"'))
    return boxes, list(edges)


def _operator_box(dag: Dag, node: int, values: TensorInfos) -> _Box:
    name = operator_name(dag.domains[node], dag.op_types[node])
    attributes = json.loads(dag.attributes[node])
    lines = [f"node {node}: {name}, opset {dag.opset_versions[node]}"]
    if dag.parents[node] >= 0:
        parent = int(dag.parents[node])
        lines.append(f"in {dag.branches[node]} of node {parent} ({dag.op_types[parent]})")
    lines += [f"{key} = {_shortened(json.dumps(value), 80)}" for key, value in attributes.items()]
    lines += [
        f"input {item.slot}: {item.kind.replace('_', ' ')} {item.name} {_described(TensorInfo(item.dtype, item.shape))}"
        f"{' = ' + _shortened(str(list(item.values)), 60) if item.kind == 'constant' else ''}"
        for item in dag.inputs
        if item.node == node
    ]
    outputs = [_described(values.output(node, slot)) for slot in range(min(int(dag.num_outputs[node]), 8))]
    lines += [f"output {slot}: {text or 'type not known'}" for slot, text in enumerate(outputs)]
    dashed = 'rx="4" stroke-dasharray="5 3"' if dag.parents[node] >= 0 else 'rx="4"'
    return _Box(
        name,
        outputs[0] if outputs else "",
        "\n".join(lines),
        family_of(dag.domains[node], dag.op_types[node]).colour,
        dashed,
    )


def _described(value: TensorInfo) -> str:
    return f"{value.dtype} {'' if value.shape is None else described_shape(value.shape)}".strip()


def _layout(count: int, edges: Sequence[tuple[int, int]]) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    """Place the boxes and the lines between them.

    Args:
        count: Number of boxes.
        edges: Pairs of them.

    Returns:
        Centres in pixels of the boxes, followed by those of points at which lines bend; and the
        pairs of them that lines connect.
    """
    import igraph

    layers = _layers(count, edges)
    lines: dict[tuple[int, int], None] = {}
    passing: dict[tuple[int, int], int] = {}  # box and row -> the point where its long edges cross that row
    for source, target in edges:
        stops = [source]
        for layer in range(layers[source] + 1, layers[target]):
            stops.append(passing.setdefault((source, layer), len(layers)))
            if stops[-1] == len(layers):
                layers.append(layer)
        lines.update(dict.fromkeys(pairwise([*stops, target])))
    graph = igraph.Graph(len(layers), list(lines), directed=True)
    columns = _apart([x for x, _ in graph.layout_sugiyama(layers=layers, maxiter=200).coords], layers, count)
    points = [
        (_MARGIN + _WIDTH / 2 + x * _COLUMN, _MARGIN + _LEGEND + _HEIGHT / 2 + layer * _ROW)
        for x, layer in zip(columns, layers, strict=True)
    ]
    return points, list(lines)


def _apart(columns: Sequence[float], layers: Sequence[int], count: int) -> list[float]:
    """Spread columns so that nothing overlaps: boxes one apart, lines a third.

    igraph's layout does not ensure that.
    """
    shifted = list(columns)
    last: dict[int, int] = {}
    for vertex in sorted(range(len(columns)), key=columns.__getitem__):
        before = last.get(layers[vertex])
        if before is not None:
            gap = (1.0 + (before < count) + (vertex < count)) / 3
            shifted[vertex] = max(shifted[vertex], shifted[before] + gap)
        last[layers[vertex]] = vertex
    leftmost = min(shifted)
    return [column - leftmost for column in shifted]


def _layers(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Return the row of each box: below all that it reads, or just above its first reader."""
    readers: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in edges:
        readers[source].append(target)
        waiting[target] += 1
    starts = [box for box in range(count) if not waiting[box]]
    layers, order = [0] * count, list(starts)
    for box in order:
        for reader in readers[box]:
            layers[reader] = max(layers[reader], layers[box] + 1)
            waiting[reader] -= 1
            if not waiting[reader]:
                order.append(reader)
    for box in starts:
        layers[box] = min((layers[reader] for reader in readers[box]), default=1) - 1
    return layers


def _line(source: tuple[float, float], target: tuple[float, float], leaves: bool, arrives: bool) -> str:
    """Draw a curve from the bottom of a box, or a bend, to the top of another, with an arrow."""
    (x, y), (next_x, next_y) = source, target
    y, next_y = y + _HEIGHT / 2 * leaves, next_y - _HEIGHT / 2 * arrives
    middle = (y + next_y) / 2
    end = ' marker-end="url(#arrow)"' if arrives else ""
    return (
        f'<path d="M{x:.0f},{y:.0f} C{x:.0f},{middle:.0f} {next_x:.0f},{middle:.0f} {next_x:.0f},{next_y:.0f}"{end}/>'
    )


def _drawn(box: _Box, x: float, y: float) -> str:
    detail = f'<tspan x="{x:.0f}" dy="13" font-size="10" fill="#444">{_text(_shortened(box.detail, _DETAIL))}</tspan>'
    return (
        f"<g><title>{_text(box.tooltip)}</title>"
        f'<rect x="{x - _WIDTH / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{_WIDTH}" height="{_HEIGHT}" {box.style} '
        f'fill="{box.fill}" stroke="#333"/>'
        f'<text x="{x:.0f}" y="{y - 2 if box.detail else y + 4:.0f}">{_text(_shortened(box.label, _LABEL))}'
        f"{detail if box.detail else ''}</text></g>"
    )


def _legend(families: Sequence[Family]) -> list[str]:
    lefts = range(_MARGIN, _MARGIN + _SWATCH * len(families), _SWATCH)
    return [
        f'<g text-anchor="start"><rect x="{left}" y="{_MARGIN - 12}" width="14" height="14" rx="3" '
        f'fill="{family.colour}" stroke="#333"/><text x="{left + 20}" y="{_MARGIN}">{_text(family.name)}</text></g>'
        for left, family in zip(lefts, families, strict=True)
    ]


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _text(text: str) -> str:
    """Escape text from a model for XML and replace characters that XML cannot hold."""
    return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text), {'"': "&quot;"})
