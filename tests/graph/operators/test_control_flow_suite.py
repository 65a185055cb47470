"""The control-flow cases of onnx's own backend tests, each compared with a graph drawn by hand.

The rules of drawing are those of test_control_flow.py.
"""

from __future__ import annotations

import pytest

from tests.graph.backend_suite import node_cases
from tests.graph.drawing import Drawing, draw
from younger_hf import from_onnx

pytestmark = pytest.mark.heavy

SCAN_9_SUM = Drawing(
    ["Add < 2 body", "Identity < 2 body", "Scan"],
    [(0, 0, 1, 0), (0, 0, 2, 2), (1, 0, 2, 3)],
    ["0.0 graph_input initial", "0.1 graph_input x", "2.0 graph_input initial", "2.1 graph_input x"],
    ["2.0 y", "2.1 z"],
)
RANGE = Drawing(
    [
        *["Sub", "Cast", "Cast", "Div", "Ceil", "Relu", "Cast", "Cast"],
        *["Identity < 11 body", "Add < 11 body", "Identity < 11 body", "Loop"],
    ],
    [
        *[(0, 0, 1, 0), (1, 0, 3, 0), (2, 0, 3, 1), (3, 0, 4, 0), (4, 0, 5, 0), (5, 0, 6, 0), (5, 0, 7, 0)],
        *[(7, 0, 8, 0), (6, 0, 11, 0), (7, 0, 11, 1), (8, 0, 11, 3), (9, 0, 11, 4), (10, 0, 11, 5)],
    ],
    [
        *["0.0 graph_input limit", "0.1 graph_input start", "2.0 graph_input delta", "9.0 graph_input start"],
        *["9.1 graph_input delta", "10.0 graph_input start", "11.2 graph_input start"],
    ],
    ["11.1 output"],
)
ONE_SEQUENCE = Drawing(
    ["Identity < 1 body", "SequenceMap"],
    [(0, 0, 1, 1)],
    ["0.0 graph_input x", "1.0 graph_input x"],
    ["1.0 y"],
)

DRAWINGS = {
    "test_if": Drawing(  # both branches are constants; the file has the else branch first
        ["If"], [], ["0.0 graph_input cond", "0.1 parameter else_out", "0.2 parameter then_out"], ["0.0 res"]
    ),
    "test_if_seq": Drawing(  # a sequence is not a tensor, so its operator stays even over constants
        ["SequenceConstruct < 2 else_branch", "SequenceConstruct < 2 then_branch", "If"],
        [(0, 0, 2, 1), (1, 0, 2, 2)],
        ["0.0 parameter y", "1.0 parameter x", "2.0 graph_input cond"],
        ["2.0 res"],
    ),
    "test_if_opt": Drawing(
        ["SequenceConstruct < 3 else_branch", "Optional < 3 else_branch", "Optional < 3 then_branch", "If"],
        [(0, 0, 1, 0), (1, 0, 3, 1), (2, 0, 3, 2)],
        ["0.0 parameter x", "3.0 graph_input cond"],
        ["3.0 sequence"],
    ),
    "test_loop11": Drawing(
        [
            *["Identity < 7 body", "Add < 7 body", "Unsqueeze < 7 body", "Unsqueeze < 7 body", "Slice < 7 body"],
            *["Add < 7 body", "Identity < 7 body", "Loop"],
        ],
        [
            *[(1, 0, 3, 0), (2, 0, 4, 1), (3, 0, 4, 2), (4, 0, 5, 1), (5, 0, 6, 0)],
            *[(0, 0, 7, 3), (5, 0, 7, 4), (6, 0, 7, 5)],
        ],
        [
            *[
                "0.0 graph_input cond",
                "1.0 graph_input trip_count",
                "1.1 constant one [1]",
                "2.0 graph_input trip_count",
            ],
            *["4.0 parameter x", "5.0 graph_input y"],
            *["7.0 graph_input trip_count", "7.1 graph_input cond", "7.2 graph_input y"],
        ],
        ["7.0 res_y", "7.1 res_scan"],
    ),
    "test_loop13_seq": Drawing(
        [
            *["Identity < 5 body", "Add < 5 body", "Unsqueeze < 5 body", "Slice < 5 body", "SequenceInsert < 5 body"],
            "Loop",
        ],
        [(1, 0, 2, 0), (2, 0, 3, 2), (3, 0, 4, 1), (0, 0, 5, 3), (4, 0, 5, 4)],
        [
            *["0.0 graph_input cond", "1.0 graph_input trip_count", "1.1 constant one [1]", "2.1 constant axes [0]"],
            *["3.0 parameter x", "3.1 constant slice_start [0]", "4.0 graph_input seq_empty"],
            *["5.0 graph_input trip_count", "5.1 graph_input cond", "5.2 graph_input seq_empty"],
        ],
        ["5.0 seq_res"],
    ),
    "test_loop16_seq_none": Drawing(  # an If in a Loop
        [
            *["Identity < 10 body", "OptionalHasElement < 10 body", "Not < 10 body"],
            *[
                "OptionalGetElement < 5 else_branch",
                "SequenceConstruct < 5 then_branch",
                "If < 10 body",
                "Add < 10 body",
            ],
            *["Unsqueeze < 10 body", "Slice < 10 body", "SequenceInsert < 10 body", "Loop"],
        ],
        [
            *[(1, 0, 2, 0), (2, 0, 5, 0), (3, 0, 5, 1), (4, 0, 5, 2), (6, 0, 7, 0), (7, 0, 8, 2)],
            *[(5, 0, 9, 0), (8, 0, 9, 1), (0, 0, 10, 3), (9, 0, 10, 4)],
        ],
        [
            *[
                "0.0 graph_input cond",
                "1.0 graph_input opt_seq",
                "3.0 graph_input opt_seq",
                "4.0 parameter constant_in",
            ],
            *["6.0 graph_input trip_count", "6.1 constant one [1]", "7.1 constant axes [0]"],
            *["8.0 parameter x", "8.1 constant slice_start [0]"],
            *["10.0 graph_input trip_count", "10.1 graph_input cond", "10.2 graph_input opt_seq"],
        ],
        ["10.0 seq_res"],
    ),
    "test_scan_sum": Drawing(  # Scan-8 begins with the lengths of the sequences, which its body is not given
        ["Add < 2 body", "Identity < 2 body", "Scan"],
        [(0, 0, 1, 0), (0, 0, 2, 3), (1, 0, 2, 4)],
        ["0.0 graph_input initial", "0.1 graph_input x", "2.1 graph_input initial", "2.2 graph_input x"],
        ["2.0 y", "2.1 z"],
    ),
    "test_scan9_sum": SCAN_9_SUM,
    "test_scan9_scalar": SCAN_9_SUM,
    "test_scan9_multi_state": Drawing(
        ["Add < 3 body", "Mul < 3 body", "Identity < 3 body", "Scan"],
        [(0, 0, 2, 0), (0, 0, 3, 3), (1, 0, 3, 4), (2, 0, 3, 5)],
        [
            *["0.0 graph_input initial_sum", "0.1 graph_input x", "1.0 graph_input initial_prod", "1.1 graph_input x"],
            *["3.0 graph_input initial_sum", "3.1 graph_input initial_prod", "3.2 graph_input x"],
        ],
        ["3.0 y_sum", "3.1 y_prod", "3.2 z"],
    ),
    "test_range_float_type_positive_delta_expanded": RANGE,
    "test_range_int32_type_negative_delta_expanded": RANGE,
    "test_sequence_map_identity_1_sequence": ONE_SEQUENCE,
    "test_sequence_map_identity_2_sequences": Drawing(
        ["Identity < 2 body", "Identity < 2 body", "SequenceMap"],
        [(0, 0, 2, 2), (1, 0, 2, 3)],
        ["0.0 graph_input x0", "1.0 graph_input x1", "2.0 graph_input x0", "2.1 graph_input x1"],
        ["2.0 y0", "2.1 y1"],
    ),
    "test_sequence_map_add_1_sequence_1_tensor": Drawing(
        ["Add < 1 body", "SequenceMap"],
        [(0, 0, 1, 2)],
        ["0.0 graph_input x0", "0.1 graph_input x1", "1.0 graph_input x0", "1.1 graph_input x1"],
        ["1.0 y0"],
    ),
    "test_sequence_map_extract_shapes": Drawing(
        ["Shape < 1 body", "SequenceMap"],
        [(0, 0, 1, 1)],
        ["0.0 graph_input in_seq", "1.0 graph_input in_seq"],
        ["1.0 shapes"],
    ),
    "test_sequence_map_add_1_sequence_1_tensor_expanded": Drawing(  # iteration number: SequenceLength; state: SequenceEmpty
        [
            *["SequenceLength", "SequenceEmpty", "Identity < 7 body", "SequenceAt < 7 body", "Identity < 7 body"],
            *["Add < 7 body", "SequenceInsert < 7 body", "Loop"],
        ],
        [
            *[(0, 0, 3, 1), (3, 0, 5, 0), (4, 0, 5, 1), (1, 0, 6, 0), (5, 0, 6, 1)],
            *[(0, 0, 7, 0), (1, 0, 7, 2), (2, 0, 7, 3), (6, 0, 7, 4)],
        ],
        [
            *["0.0 graph_input x0", "2.0 parameter SequenceMap_input_sequence_cond", "3.0 graph_input x0"],
            *["4.0 graph_input x1", "7.1 parameter SequenceMap_input_sequence_cond"],
        ],
        ["7.0 y0"],
    ),
    "test_flexattention_score_mod": Drawing(  # what its sub-graph is given, the operator computes itself
        ["Add < 1 score_mod", "FlexAttention"],
        [(0, 0, 1, 3)],
        ["0.1 parameter bias", "1.0 graph_input Q", "1.1 graph_input K", "1.2 graph_input V"],
        ["1.0 Y"],
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_case_of_the_suite_is_flattened_as_drawn_by_hand(name: str) -> None:
    assert DRAWINGS[name] == draw(from_onnx(node_cases()[name].SerializeToString()))
