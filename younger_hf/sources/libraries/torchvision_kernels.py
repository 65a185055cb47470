"""Torchvision's operators whose values models need while they are traced, in plain torch."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Greedy non-maximum suppression: keep the best box, drop boxes that overlap it, and repeat.

    Args:
        dets: Boxes as x1, y1, x2, y2, [N, 4].
        scores: [N]; of equal ones, the first is better.
        iou_threshold: Largest intersection over union of two boxes that both stay.

    Returns:
        Indices of the boxes that stay, best first, int64 [M].
    """
    order = scores.sort(stable=True, descending=True).indices
    boxes = dets[order]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    gone = torch.zeros(len(boxes), dtype=torch.bool)
    kept = []
    for index in range(len(boxes)):
        if gone[index]:
            continue
        kept.append(index)
        sides = torch.minimum(boxes[index, 2:], boxes[:, 2:]) - torch.maximum(boxes[index, :2], boxes[:, :2])
        shared = sides.clamp(min=0).prod(1)
        gone |= shared / (areas[index] + areas - shared) > iou_threshold
    return order[torch.tensor(kept, dtype=torch.long)]


def roi_align(
    features: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """Mean of bilinear samples on a grid in each bin of each region (Mask R-CNN, section 3).

    Args:
        features: [N, C, H, W].
        rois: Index into N, then x1, y1, x2, y2 in the image's coordinates, [K, 5].
        spatial_scale: From the image's coordinates to those of the features.
        pooled_height: Bins of a region from top to bottom.
        pooled_width: Bins of a region from left to right.
        sampling_ratio: Samples of a bin in each direction; if it is not positive, one per pixel,
            rounded up.
        aligned: Whether coordinates mean the centres of pixels; if not, regions are at least 1 wide
            and high.

    Returns:
        [K, C, pooled_height, pooled_width].
    """
    pooled = features.new_zeros(len(rois), features.shape[1], pooled_height, pooled_width)
    for index, (image, *corners) in enumerate(rois.tolist()):
        left, top, right, bottom = (corner * spatial_scale - 0.5 * aligned for corner in corners)
        ys, rows = _samples(top, bottom, pooled_height, sampling_ratio, aligned)
        xs, columns = _samples(left, right, pooled_width, sampling_ratio, aligned)
        if rows == 0 or columns == 0:
            continue
        y, x = torch.meshgrid(ys.to(features), xs.to(features), indexing="ij")
        height, width = features.shape[2:]
        outside = (y < -1) | (y > height) | (x < -1) | (x > width)
        values = bilinear(features[int(image)], y.clamp(0, height - 1), x.clamp(0, width - 1)).masked_fill(outside, 0)
        bins = values.view(-1, pooled_height, rows, pooled_width, columns)
        pooled[index] = bins.mean(dim=(2, 4))
    return pooled


def _samples(start: float, end: float, bins: int, ratio: int, aligned: bool) -> tuple[Tensor, int]:
    """Return the coordinates of the samples along one direction, and their number per bin."""
    length = end - start if aligned else max(end - start, 1.0)
    count = ratio if ratio > 0 else max(ceil(length / bins), 0)
    return start + (torch.arange(bins * count, dtype=torch.float64) + 0.5) * (length / bins / max(count, 1)), count


def deform_conv2d(
    features: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor,
    bias: Tensor,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    offset_groups: int,
    use_mask: bool,
) -> Tensor:
    """Convolution that reads each tap at an offset (Deformable ConvNets v2, eq. 1), zeros outside.

    Args:
        features: [N, C, H, W].
        weight: [O, C / groups, kernel height, kernel width].
        offset: Vertical, then horizontal offset of each tap, [N, offset_groups * taps * 2, output
            height, output width].
        mask: Factor of each tap, [N, offset_groups * taps, output height, output width].
        bias: [O].
        stride_h: Rows from one output to the next.
        stride_w: Columns from one output to the next.
        pad_h: Rows of zeros above and below.
        pad_w: Columns of zeros left and right.
        dilation_h: Rows from one tap to the next.
        dilation_w: Columns from one tap to the next.
        groups: Groups of channels that are convolved apart.
        offset_groups: Groups of channels that have offsets of their own.
        use_mask: Whether to multiply by the mask.

    Returns:
        [N, O, output height, output width].
    """
    count, channels, height, width = features.shape
    taps, (rows, columns) = weight.shape[2] * weight.shape[3], offset.shape[2:]
    offsets = offset.view(count, offset_groups, taps, 2, rows, columns)
    tap = torch.arange(taps)
    down = (tap // weight.shape[3] * dilation_h - pad_h).view(-1, 1, 1) + (torch.arange(rows) * stride_h).view(-1, 1)
    right = (tap % weight.shape[3] * dilation_w - pad_w).view(-1, 1, 1) + torch.arange(columns) * stride_w
    y, x = down + offsets[:, :, :, 0], right + offsets[:, :, :, 1]
    # a border of zeros, which positions outside interpolate with
    padded = torch.nn.functional.pad(features, (1, 1, 1, 1)).view(count * offset_groups, -1, height + 2, width + 2)
    where = ((y + 1).clamp(0, height + 1).flatten(0, 1), (x + 1).clamp(0, width + 1).flatten(0, 1))
    read = torch.stack([bilinear(image, *place) for image, *place in zip(padded, *where, strict=True)])
    if use_mask:
        read = read * mask.view(count * offset_groups, 1, taps, rows, columns)
    patches = read.view(count, groups, channels // groups * taps, rows * columns)
    kernels = weight.view(groups, weight.shape[0] // groups, channels // groups * taps)
    return (kernels @ patches).view(count, -1, rows, columns) + bias.view(-1, 1, 1)


def bilinear(image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Interpolate between pixels.

    Args:
        image: [C, H, W].
        y: Rows between 0 and H - 1, of any shape.
        x: Columns between 0 and W - 1, of the same shape.

    Returns:
        [C, *shape].
    """
    top, left = y.floor().long(), x.floor().long()
    bottom, right = (top + 1).clamp(max=image.shape[1] - 1), (left + 1).clamp(max=image.shape[2] - 1)
    low, near = y - top, x - left
    above = image[:, top, left] * (1 - near) + image[:, top, right] * near
    below = image[:, bottom, left] * (1 - near) + image[:, bottom, right] * near
    return above * (1 - low) + below * low


def roi_align_shape(
    features: Tensor, rois: Tensor, scale: float, pooled_height: int, pooled_width: int, ratio: int, aligned: bool
) -> Tensor:
    """Return a result of `roi_align` without values."""
    return features.new_empty(rois.shape[0], features.shape[1], pooled_height, pooled_width)


def deform_conv2d_shape(features: Tensor, weight: Tensor, offset: Tensor, *others: object) -> Tensor:
    """Return a result of `deform_conv2d` without values."""
    return features.new_empty(features.shape[0], weight.shape[0], *offset.shape[2:])
