"""The drawing of a Dag: well-formed, complete, without overlaps, and safe for any name."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from tests.graph.models import LIGHT, parse
from younger_hf import Dag, from_onnx
from younger_hf.errors import YoungerError
from younger_hf.graph.operators.operator_families import FAMILIES, family_of
from younger_hf.graph.views.svg import LARGEST_DRAWING, draw_svg

SVG = "{http://www.w3.org/2000/svg}"
SMALL = [path for path in LIGHT if not re.search("densenet", path.stem)]

TEXT = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
g (bool c, float[2, n] x) => (float[2, n] y) <float[5] w = {1, 2, 3, 4, 5}, int64[1] axis = {-1}> {
    a = Mul(x, x)  b = com.microsoft.Gelu(a)  s = ReduceMean<keepdims = 0>(b)
    y = If (c) <then_branch = t () => (p) { p = Neg(b) }, else_branch = e () => (q) { q = Add(b, s) }>
}"""


def boxes(svg: str) -> list[tuple[str, str, dict[str, str]]]:
    """Label, tooltip and rectangle of every box, not those of the legend."""
    found = []
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        tooltip, frame, text = group.find(f"{SVG}title"), group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        if tooltip is not None and frame is not None and text is not None:
            found.append((text.text or "", tooltip.text or "", frame.attrib))
    return found


def renamed(dag: Dag, name: str) -> Dag:
    values = dag.to_dict()
    values["op_types"] = [name] * dag.num_nodes
    values["inputs"] = [[*item[:3], name, *item[4:]] for item in values["inputs"]]
    values["outputs"] = [[*item[:2], name, *item[3:]] for item in values["outputs"]]
    return Dag.from_dict(values)


def test_every_operator_input_and_result_is_a_box_and_every_data_flow_a_line() -> None:
    svg = draw_svg(from_onnx(parse(TEXT)))
    labels = sorted(label for label, _, _ in boxes(svg))
    assert ["Add", "If", "Mul", "Neg", "ReduceMean", "c", "com.microsoft.Gelu", "x", "y"] == labels
    # Mul(x, x) is one line; If reads c, Neg and Add; b is read three times, once past a row
    assert 10 == svg.count("marker-end")


def test_a_box_shows_what_is_known_about_its_operator() -> None:
    found = {label: tooltip for label, tooltip, _ in boxes(draw_svg(from_onnx(parse(TEXT)), dynamic_size=7))}
    assert (
        "node 0: Mul, opset 17\ninput 0: graph input x float 2\u00d7?\ninput 1: graph input x float 2\u00d7?\noutput 0: float 2\u00d77"
        == found["Mul"]
    )
    assert "keepdims = 0" in found["ReduceMean"]
    assert "in then_branch of node 5 (If)" in found["Neg"]
    assert "type not known" in found["com.microsoft.Gelu"]


def test_operators_of_a_sub_graph_have_a_dashed_frame() -> None:
    dashed = {label for label, _, frame in boxes(draw_svg(from_onnx(parse(TEXT)))) if "stroke-dasharray" in frame}
    assert {"Neg", "Add"} == dashed


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_real_models_are_drawn_without_overlaps_and_within_the_image(path: object) -> None:
    svg = draw_svg(from_onnx(path), "model")  # type: ignore[arg-type]
    image = ElementTree.fromstring(svg).attrib
    frames = [{key: float(frame[key]) for key in ("x", "y", "width", "height")} for _, _, frame in boxes(svg)]
    assert all(0 <= f["x"] and f["x"] + f["width"] <= float(image["width"]) for f in frames)
    assert all(0 <= f["y"] and f["y"] + f["height"] <= float(image["height"]) for f in frames)
    for left, right in pairwise(sorted(frames, key=lambda f: (f["y"], f["x"]))):
        assert left["y"] != right["y"] or left["x"] + left["width"] < right["x"]


def test_the_legend_names_the_families_that_occur() -> None:
    svg = draw_svg(from_onnx(next(path for path in LIGHT if "squeezenet" in path.stem)))
    assert ">convolution, product<" in svg
    assert ">shape, selection<" in svg
    assert ">attention, recurrent<" not in svg


@pytest.mark.parametrize("name", ['<script>alert("1")</script>', "a & b", "]]>", "\x1b[31m\x00\ufffe", "]" * 10_000])
def test_names_from_a_model_are_text_and_nothing_else(name: str) -> None:
    svg = draw_svg(renamed(from_onnx(parse(TEXT)), name), title=name)
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()}
    assert {"svg", "title", "defs", "marker", "path", "rect", "g", "text", "tspan"} >= tags
    assert not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", svg)
    assert all(len(label) <= 20 for label, _, _ in boxes(svg))


def test_the_same_model_has_the_same_drawing() -> None:
    dag = from_onnx(LIGHT[0])
    assert draw_svg(dag) == draw_svg(dag)


def test_a_model_too_large_to_draw_is_reported_with_the_limit() -> None:
    path = next(path for path in LIGHT if "densenet" in path.stem)
    with pytest.raises(YoungerError, match=rf"densenet has 668 operators, expected 1 to {LARGEST_DRAWING}"):
        draw_svg(from_onnx(path), "densenet")


def test_no_operator_is_in_two_families() -> None:
    members = [operator for family in FAMILIES for operator in family.members]
    assert len(members) == len(set(members))
    assert "other" == family_of("com.microsoft", "Conv").name
