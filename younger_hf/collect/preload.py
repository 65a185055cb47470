"""Imports, in the process that workers are forked from, what all of them need."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress

from younger_hf.collect.local_engine import MODULES
from younger_hf.containment.processes import end_with_parent
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators

end_with_parent()  # the workers end with this process in turn
declare_torchvision_operators()
# pandas: pyarrow imports it, where it is installed, with the first array
for _name in ("pandas", *filter(None, os.environ.get(MODULES, "").split(","))):
    with suppress(Exception):  # the job that needs the module reports the error
        importlib.import_module(_name)
