"""Run once by the process that workers are forked from: it imports what they would all import again."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress

from younger_hf.collect.local_engine import MODULES
from younger_hf.containment.processes import end_with_parent
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators

end_with_parent()  # and so do the workers, whose parent this process is
declare_torchvision_operators()
# pyarrow imports pandas where it is installed, once it makes its first array
for _name in ("pandas", *filter(None, os.environ.get(MODULES, "").split(","))):
    # what is missing or broken here is told by the job that needs it
    with suppress(Exception):
        importlib.import_module(_name)
