"""Torchvision with a torch build that does not match: kernels, and libraries that need them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from math import ceil, floor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from torch import Tensor  # noqa: E402

from younger_hf.sources.libraries import torchvision_kernels as kernels  # noqa: E402
from younger_hf.sources.libraries import torchvision_operators as operators  # noqa: E402

ROOT = Path(__file__).parents[3]
needs_torchvision = pytest.mark.models
SEEDS = st.integers(0, 2**31)


def random(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def boxes_in(count: int, size: float, generator: torch.Generator) -> Tensor:
    """Boxes with corners up to one size outside an image."""
    corners = (torch.rand(count, 2, 2, generator=generator) * 3 - 1) * size
    return torch.cat([corners.amin(1), corners.amax(1)], 1)


def overlap(one: list[float], other: list[float]) -> float:
    shared = 1.0
    for low, high in ((0, 2), (1, 3)):
        shared *= max(0.0, min(one[high], other[high]) - max(one[low], other[low]))
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / union if union else 0.0


@given(seed=SEEDS, count=st.integers(0, 20), threshold=st.floats(0, 0.95))
@settings(max_examples=60, deadline=None)
def test_a_box_stays_if_and_only_if_no_better_box_that_stays_overlaps_it(
    seed: int, count: int, threshold: float
) -> None:
    generator = random(seed)
    boxes = boxes_in(count, 10, generator).double()
    scores = torch.randint(0, 5, (count,), generator=generator).double()  # many are equal
    kept = kernels.nms(boxes, scores, threshold).tolist()
    best_first = sorted(range(count), key=lambda index: -scores[index].item())
    assert [index for index in best_first if index in kept] == kept
    place = {index: rank for rank, index in enumerate(best_first)}
    for index in range(count):
        better = [other for other in kept if place[other] < place[index]]
        beaten = any(overlap(boxes[index].tolist(), boxes[other].tolist()) > threshold for other in better)
        assert beaten == (index not in kept)


def between_pixels(image: Tensor, y: float, x: float) -> Tensor:
    """Each pixel weighted by its distance, zeros outside: the definition, pixel by pixel."""
    value = torch.zeros(image.shape[0], dtype=image.dtype)
    for row in (floor(y), floor(y) + 1):
        for column in (floor(x), floor(x) + 1):
            if 0 <= row < image.shape[1] and 0 <= column < image.shape[2]:
                value += image[:, row, column] * max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column))
    return value


def roi_align_by_definition(
    features: Tensor, rois: Tensor, scale: float, bins: tuple[int, int], ratio: int, aligned: bool
) -> Tensor:
    pooled = torch.zeros(len(rois), features.shape[1], *bins, dtype=features.dtype)
    height, width = features.shape[2:]
    for region, (image, *corners) in enumerate(rois.tolist()):
        left, top, right, bottom = (corner * scale - (0.5 if aligned else 0) for corner in corners)
        high = bottom - top if aligned else max(bottom - top, 1)
        wide = right - left if aligned else max(right - left, 1)
        rows = ratio if ratio > 0 else ceil(high / bins[0])
        columns = ratio if ratio > 0 else ceil(wide / bins[1])
        for row in range(bins[0]):
            for column in range(bins[1]):
                for i in range(rows):
                    for j in range(columns):
                        y = top + high / bins[0] * (row + (i + 0.5) / rows)
                        x = left + wide / bins[1] * (column + (j + 0.5) / columns)
                        if -1 <= y <= height and -1 <= x <= width:
                            y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
                            pooled[region, :, row, column] += between_pixels(features[int(image)], y, x)
                pooled[region, :, row, column] /= max(rows * columns, 1)
    return pooled


@given(
    seed=SEEDS,
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    bins=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    ratio=st.sampled_from([-1, 0, 1, 2]),
    scale=st.sampled_from([1.0, 0.5, 0.3]),
    aligned=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_region_is_pooled_as_the_mean_of_samples_between_pixels(
    seed: int, size: tuple[int, int], bins: tuple[int, int], ratio: int, scale: float, aligned: bool
) -> None:
    generator = random(seed)
    features = torch.rand(2, 3, *size, generator=generator, dtype=torch.float64)
    images = torch.randint(0, 2, (3, 1), generator=generator)
    rois = torch.cat([images, boxes_in(3, 6, generator)], 1).double()
    pooled = kernels.roi_align(features, rois, scale, *bins, ratio, aligned)
    torch.testing.assert_close(pooled, roi_align_by_definition(features, rois, scale, bins, ratio, aligned))
    shape = kernels.roi_align_shape(features.to("meta"), rois.to("meta"), scale, *bins, ratio, aligned).shape
    assert pooled.shape == shape


@pytest.mark.heavy
@given(
    seed=SEEDS,
    groups=st.integers(1, 2),
    offset_groups=st.integers(1, 2),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pad=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    use_mask=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_each_tap_of_a_deformable_convolution_reads_where_its_offset_says(
    seed: int,
    groups: int,
    offset_groups: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    dilation: tuple[int, int],
    use_mask: bool,
) -> None:
    generator = random(seed)
    count, channels, outputs, size = 2, 4, 2, (5, 6)
    taps = kernel[0] * kernel[1]
    out = [
        (s + 2 * p - d * (k - 1) - 1) // t + 1
        for s, p, d, k, t in zip(size, pad, dilation, kernel, stride, strict=True)
    ]

    def values(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    features, weight, bias = (
        values(count, channels, *size),
        values(outputs, channels // groups, *kernel),
        values(outputs),
    )
    offset = values(count, offset_groups * taps * 2, *out) * 2
    mask = values(count, offset_groups * taps, *out)
    arguments = (features, weight, offset, mask, bias, *stride, *pad, *dilation, groups, offset_groups, use_mask)
    result = kernels.deform_conv2d(*arguments)
    assert kernels.deform_conv2d_shape(*arguments).shape == result.shape

    expected = bias.view(1, -1, 1, 1).repeat(count, 1, *out)
    for n in range(count):
        for o in range(outputs):
            for c in range(channels // groups):
                channel = o // (outputs // groups) * (channels // groups) + c
                group = channel // (channels // offset_groups)
                for tap in range(taps):
                    i, j = divmod(tap, kernel[1])
                    at = group * taps + tap
                    for row in range(out[0]):
                        for column in range(out[1]):
                            y = row * stride[0] - pad[0] + i * dilation[0] + offset[n, 2 * at, row, column].item()
                            x = (
                                column * stride[1]
                                - pad[1]
                                + j * dilation[1]
                                + offset[n, 2 * at + 1, row, column].item()
                            )
                            read = between_pixels(features[n, channel : channel + 1], y, x)[0]
                            factor = mask[n, at, row, column] if use_mask else 1
                            expected[n, o, row, column] += weight[o, c, i, j] * read * factor
    torch.testing.assert_close(result, expected)


def test_without_offsets_a_deformable_convolution_is_a_convolution() -> None:
    features, weight, bias = torch.rand(2, 4, 7, 6), torch.rand(6, 2, 3, 3), torch.rand(6)
    offset, mask = torch.zeros(2, 18, 4, 3), torch.ones(2, 9, 4, 3)
    result = kernels.deform_conv2d(features, weight, offset, mask, bias, 2, 2, 1, 1, 1, 1, 2, 1, True)
    torch.testing.assert_close(result, torch.nn.functional.conv2d(features, weight, bias, 2, 1, 1, 2))


def run(code: str, home: Path) -> str:
    """The output of a fresh interpreter, as torchvision is loaded only once per process."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home), "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert 0 == run.returncode, run.stderr
    return run.stdout.strip()


@needs_torchvision
def test_torchvision_can_be_imported_and_called(tmp_path: Path) -> None:
    code = """
from younger_hf.sources.libraries.torchvision_operators import import_torchvision
import_torchvision(); import_torchvision()
import torch, torchvision
boxes = torch.tensor([[0., 0, 4, 4], [0, 0, 4, 5], [6, 6, 8, 8]])
print(torchvision.ops.nms(boxes, torch.tensor([.1, .9, .5]), .5).tolist())
print(torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), [boxes], (1, 1)).flatten().tolist())
print(tuple(torchvision.ops.DeformConv2d(1, 2, 3)(torch.ones(1, 1, 8, 8), torch.zeros(1, 18, 6, 6)).shape))
"""
    assert ["[1, 2]", "[1.0, 1.0, 1.0]", "(1, 2, 6, 6)"] == run(code, tmp_path).splitlines()


@needs_torchvision
def test_declared_operators_are_those_that_torchvision_has_names_for() -> None:
    """Torchvision registers shape functions for its operators only if it finds all of them."""
    spec = find_spec("torchvision")
    assert spec is not None
    assert spec.submodule_search_locations
    source = (Path(spec.submodule_search_locations[0]) / "_meta_registrations.py").read_text(encoding="utf-8")
    names = {
        decorator.args[0].value.removeprefix("torchvision::"): [a.arg for a in node.args.args]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.args[0], ast.Constant)
        if isinstance(decorator.args[0].value, str)
    }
    assert len(names) >= 12
    declared = {name: torch._C.parse_schema(name + schema) for name, schema in operators._SCHEMAS.items()}
    assert set() == set(names) - set(declared)
    assert {name: len(arguments) for name, arguments in names.items()} == {
        name: len(declared[name].arguments) for name in names
    }


@needs_torchvision
def test_the_metrics_load_in_an_environment_with_torchvision(tmp_path: Path) -> None:
    code = """
import younger_hf
metric = younger_hf.load_metric("dataflow")
import sys
from importlib.util import find_spec
print("torch" in sys.modules)
print(metric.compute(references=[1, 0, 1], predictions=[.9, .2, .6])["auc"])
"""
    assert ["False", "1.0"] == run(code, tmp_path).splitlines()


@pytest.mark.slow
@needs_torchvision
def test_evaluate_datasets_and_transformers_work_after_the_declaration(tmp_path: Path) -> None:
    code = f"""
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
declare_torchvision_operators()
import datasets, transformers, evaluate
metric = evaluate.load({str(ROOT / "younger_hf" / "metrics" / "dataflow")!r})
print(metric.compute(references=[1, 0, 1], predictions=[.9, .2, .6])["auc"])
print(transformers.AutoModel.__name__, datasets.Dataset.from_dict({{"a": [1]}})[0])
"""
    assert ["1.0", "AutoModel {'a': 1}"] == run(code, tmp_path).splitlines()
