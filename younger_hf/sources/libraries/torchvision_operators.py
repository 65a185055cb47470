"""Import of torchvision beside a build of torch that does not fit its compiled operators.

PyPI has one wheel of torchvision per platform, which is linked against CUDA on Linux. Beside the
CPU build of torch its operators are not registered, and `import torchvision` fails, and with it
timm and parts of transformers. Declaring the schemas of the operators first is enough for
everything that does not call them; those that detection models call while they are traced have
kernels in `torchvision_kernels.py`. Where torchvision's own operators load, nothing is done.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_SIZES = "SymInt batch_size, SymInt channels, SymInt height, SymInt width"
_BINS = "float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_CONVOLUTION = (
    "Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, "
    "SymInt dilation_h, SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask"
)
_SCHEMAS = {
    "_cuda_version": "() -> int",
    "box_iou_rotated": "(Tensor boxes1, Tensor boxes2) -> Tensor",
    "deform_conv2d": f"({_CONVOLUTION}) -> Tensor",
    "_deform_conv2d_backward": f"(Tensor grad, {_CONVOLUTION}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "ps_roi_align": f"(Tensor input, Tensor rois, {_BINS}, int sampling_ratio) -> (Tensor, Tensor)",
    "_ps_roi_align_backward": f"(Tensor grad, Tensor rois, Tensor channel_mapping, {_BINS}, int sampling_ratio, {_SIZES}) -> Tensor",
    "ps_roi_pool": f"(Tensor input, Tensor rois, {_BINS}) -> (Tensor, Tensor)",
    "_ps_roi_pool_backward": f"(Tensor grad, Tensor rois, Tensor channel_mapping, {_BINS}, {_SIZES}) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qroi_align": (
        "(Tensor input, Tensor rois, float input_scale, int input_zero_point, float rois_scale, int rois_zero_point, "
        f"{_BINS}, int sampling_ratio, bool aligned) -> Tensor"
    ),
    "roi_align": f"(Tensor input, Tensor rois, {_BINS}, int sampling_ratio, bool aligned) -> Tensor",
    "_roi_align_backward": f"(Tensor grad, Tensor rois, {_BINS}, {_SIZES}, int sampling_ratio, bool aligned) -> Tensor",
    "roi_pool": f"(Tensor input, Tensor rois, {_BINS}) -> (Tensor, Tensor)",
    "_roi_pool_backward": f"(Tensor grad, Tensor rois, Tensor argmax, {_BINS}, {_SIZES}) -> Tensor",
}
"""Name -> schema of each operator of torchvision 0.28."""

_declared: list[Any] = []
"""The library that owns the declarations, which disappear with it."""


def declare_torchvision_operators() -> bool:
    """Declare torchvision's operators if it is installed and its own cannot be loaded.

    To be called before anything imports torchvision; another call does nothing.

    Returns:
        Whether the operators are declared here.
    """
    if _declared:
        return True
    if "torchvision" in sys.modules or find_spec("torchvision") is None or find_spec("torch") is None:
        return False
    if _loads():
        return False
    import torch

    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name, schema in _SCHEMAS.items():
        library.define(name + schema)
    _declared.append(library)
    return True


def import_torchvision() -> None:
    """Import torchvision with callable operators: its own or those of `torchvision_kernels.py`."""
    ours = declare_torchvision_operators()
    import torchvision.extension
    import torchvision.ops

    if not ours or torchvision.extension._has_ops():
        return
    from younger_hf.sources.libraries import torchvision_kernels as kernels

    library = _declared[0]
    for name in ("nms", "roi_align", "deform_conv2d"):
        library.impl(name, getattr(kernels, name), "CPU")
    for name in ("roi_align", "deform_conv2d"):
        library.impl(name, getattr(kernels, f"{name}_shape"), "Meta")
    # torchvision looked for its own operators when it was imported, and refuses to call others
    for name in ("torchvision.extension", "torchvision.ops.roi_align"):
        module: Any = sys.modules[name]
        module._has_ops = _has_ops


def _has_ops() -> bool:
    """Replace torchvision's function of that name, which it compiles; thus this is not a lambda."""
    return True


def _loads() -> bool:
    """Return whether torchvision's compiled operators fit this torch."""
    import torch

    spec = find_spec("torchvision")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        for file in Path(place).glob("_C.*"):
            try:
                torch.ops.load_library(str(file))  # type: ignore[no-untyped-call]
            except OSError:
                return False
            return True
    return False
