"""Imported once by the process that workers are forked from: what they would all import again."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress

from younger_hf.torchvision_operators import declare_torchvision_operators

MODULES = "YOUNGER_HF_PRELOAD"
"""Environment variable with the names of the modules, separated by commas."""

declare_torchvision_operators()
# pyarrow imports pandas where it is installed, once it makes its first array
for _name in ("younger_hf.stages.local", "pandas", *filter(None, os.environ.get(MODULES, "").split(","))):
    # what is missing or broken here is told by the job that needs it
    with suppress(Exception):
        importlib.import_module(_name)
