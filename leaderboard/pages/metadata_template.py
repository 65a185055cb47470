"""A template of `submission.yaml`."""

from __future__ import annotations


def metadata_template(track: str, content_hash: str) -> str:
    """Return a `submission.yaml` with the track and the dataset version filled in.

    Args:
        track: Config name, as `operator_w_attrs`.
        content_hash: Content hash of the dataset that was predicted.
    """
    return f"""\
track: {track}
dataset_version: {content_hash}
system: My system
team: My team
# Everything below is optional; the contact is never shown.
contact: name@example.org
description: What it is and how it was trained.
code_url: https://github.com/me/my-system
paper_url: https://arxiv.org/abs/0000.00000
parameters: 1000000
hardware: 1 x H100
train_hours: 1.5
seeds: [0]
extra_data: none
"""
