"""Models on which onnx's inference would hang or crash are read all the same.

Each case runs in its own process, over constants and over inputs.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
from tests.graph.models import parse
from younger_hf import from_onnx
from younger_hf.graph.operators.shape_inference import infer_values
head = '<ir_version: 10, opset_import: ["" : 18]>'
over_input = 'g (float[2, 2] x, int64[1, 1] i) => (y) {{ y = {0} }}'
over_constant = 'g (float[2] z) => (y) <float[2, 2] x = {{1, 2, 3, 4}}, int64[1, 1] i = {{1}}> {{ t = {0}  y = Add(z, t) }}'
for text in (over_input, over_constant):
    infer_values(from_onnx(parse(head + text.format(sys.argv[1]))))
print("read")
"""


@pytest.mark.heavy
@pytest.mark.parametrize(
    "node",
    [
        'Einsum<equation = "a-b">(x)',
        'Einsum<equation = "ij,jk>ik">(x, x)',
        'Einsum<equation = "....">(x)',
        "LayerNormalization<axis = 2147483648>(x, x)",
        "GatherND<batch_dims = -2>(x, i)",
        "Split<num_outputs = 1000000000>(x)",
    ],
)
def test_a_node_that_breaks_inference_is_read(node: str) -> None:
    run = subprocess.run([sys.executable, "-c", CODE, node], capture_output=True, text=True, check=False, timeout=20)
    assert (0, "read\n") == (run.returncode, run.stdout), run.stderr
