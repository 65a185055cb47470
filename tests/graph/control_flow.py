"""Small models with control flow and their graphs, drawn by hand (see test_control_flow.py)."""

from __future__ import annotations

from tests.graph.drawing import Drawing

HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'

MODELS: dict[str, tuple[str, Drawing]] = {
    "branches that capture outer values, one of them twice": (
        """g (bool c, float[n] x) => (float[n] y) {
            a = Relu(x)
            b = If (c) <then_branch = t () => (float[n] p) { p = Add(a, x) },
                        else_branch = e () => (float[n] q) { q = Mul(a, a) }>
            y = Exp(b)
        }""",
        Drawing(
            ["Relu", "Add < 3 then_branch", "Mul < 3 else_branch", "If", "Exp"],
            [(0, 0, 1, 0), (0, 0, 2, 0), (0, 0, 2, 1), (1, 0, 3, 1), (2, 0, 3, 2), (3, 0, 4, 0)],
            ["0.0 graph_input x", "1.1 graph_input x", "3.0 graph_input c"],
            ["4.0 y"],
        ),
    ),
    "branches without nodes that return captured values": (
        """g (bool c, float[n] x) => (float[n] y, float[n] z) {
            a = Relu(x)
            b = Neg(x)
            y, z = If (c) <then_branch = t () => (float[n] a, float[n] x) {}, else_branch = e () => (float[n] b, float[n] a) {}>
        }""",
        Drawing(
            ["Relu", "Neg", "If"],
            [(0, 0, 2, 1), (1, 0, 2, 3), (0, 0, 2, 4)],
            ["0.0 graph_input x", "1.0 graph_input x", "2.0 graph_input c", "2.2 graph_input x"],
            ["2.0 y", "2.1 z"],
        ),
    ),
    "branches that return constants": (
        """g (bool c, float[n] x) => (float[k, m] y) {
            s = If (c) <then_branch = t () => (int64[2] p) { p = Constant <value = int64[2] {3, -1}> () },
                        else_branch = e () => (int64[2] q) <int64[1] one = {1}> { q = Concat <axis = 0> (one, one) }>
            y = Reshape(x, s)
        }""",
        Drawing(
            ["If", "Reshape"],
            [(0, 0, 1, 1)],
            ["0.0 graph_input c", "0.1 constant p [3, -1]", "0.2 constant q [1, 1]", "1.0 graph_input x"],
            ["1.0 y"],
        ),
    ),
    "a branch with initializers of its own": (
        """g (bool c, float[2] x) => (float[2] y) {
            y = If (c) <then_branch = t () => (float[2] p) <float[2] w = {1, 2}> { p = Add(x, w) },
                        else_branch = e () => (float[2] q) { q = Neg(x) }>
        }""",
        Drawing(
            ["Add < 2 then_branch", "Neg < 2 else_branch", "If"],
            [(0, 0, 2, 1), (1, 0, 2, 2)],
            ["0.0 graph_input x", "0.1 parameter w", "1.0 graph_input x", "2.0 graph_input c"],
            ["2.0 y"],
        ),
    ),
    "the same names inside both branches, and one result unused": (
        """g (bool c, float[2] x) => (float[2] z) {
            y, z = If (c) <then_branch = t () => (float[2] p, float[2] q) { p = Neg(x) q = Exp(p) },
                           else_branch = e () => (float[2] q, float[2] p) { p = Abs(x) q = Log(p) }>
        }""",
        Drawing(
            ["Neg < 4 then_branch", "Exp < 4 then_branch", "Abs < 4 else_branch", "Log < 4 else_branch", "If"],
            [(0, 0, 1, 0), (2, 0, 3, 0), (0, 0, 4, 1), (1, 0, 4, 2), (3, 0, 4, 3), (2, 0, 4, 4)],
            ["0.0 graph_input x", "2.0 graph_input x", "4.0 graph_input c"],
            ["4.1 z"],
        ),
    ),
    "a loop of constant trip count with a state, a scan output, a captured value and an unused formal input": (
        """g (float[2] x) => (float[2] y, float[k, 2] s) <int64 n = {10}, bool go = {1}> {
            a = Relu(x)
            y, s = Loop (n, go, x) <body = b (int64 i, bool c, float[2] v) => (bool c, float[2] w, float[2] t) {
                w = Add(v, a)
                t = Mul(w, a)
            }>
        }""",
        Drawing(
            ["Relu", "Add < 3 body", "Mul < 3 body", "Loop"],
            [(0, 0, 1, 1), (1, 0, 2, 0), (0, 0, 2, 1), (1, 0, 3, 4), (2, 0, 3, 5)],
            [
                "0.0 graph_input x",
                "1.0 graph_input x",
                "3.0 constant n [10]",
                "3.1 parameter go",
                "3.2 graph_input x",
                "3.3 parameter go",  # the body hands its condition on
            ],
            ["3.0 y", "3.1 s"],
        ),
    ),
    "a loop without trip count or condition": (
        """g (float[2] x) => (float[2] y) {
            a = Relu(x)
            y = Loop ("", "", a) <body = b (int64 i, bool c, float[2] v) => (bool more, float[2] w) {
                f = ReduceSum <keepdims = 0> (v)
                more = Cast <to = 9> (f)
                k = Cast <to = 1> (i)
                w = Mul(v, k)
            }>
        }""",
        Drawing(
            ["Relu", "ReduceSum < 5 body", "Cast < 5 body", "Cast < 5 body", "Mul < 5 body", "Loop"],
            [
                *[(0, 0, 1, 0), (1, 0, 2, 0), (0, 0, 4, 0), (3, 0, 4, 1)],
                *[(0, 0, 5, 2), (2, 0, 5, 3), (4, 0, 5, 4)],
            ],
            ["0.0 graph_input x"],
            ["5.0 y"],
        ),
    ),
    "a scan with a state, two scan inputs and a captured value": (
        """g (float[3] h, float[7,3] p, float[7,3] q, float[3] k) => (float[3] z, float[7,3] o) {
            z, o = Scan (h, p, q) <num_scan_inputs = 2,
                                   body = b (float[3] s, float[3] u, float[3] v) => (float[3] s2, float[3] e) {
                m = Mul(u, v)
                s2 = Add(s, m)
                e = Sub(s2, k)
            }>
        }""",
        Drawing(
            ["Mul < 3 body", "Add < 3 body", "Sub < 3 body", "Scan"],
            [(0, 0, 1, 1), (1, 0, 2, 0), (1, 0, 3, 3), (2, 0, 3, 4)],
            [
                *["0.0 graph_input p", "0.1 graph_input q", "1.0 graph_input h", "2.1 graph_input k"],
                *["3.0 graph_input h", "3.1 graph_input p", "3.2 graph_input q"],
            ],
            ["3.0 z", "3.1 o"],
        ),
    ),
    "an if in a loop": (
        """g (int64 n, bool c, float[2] x) => (float[2] y) {
            y = Loop (n, c, x) <body = b (int64 i, bool go, float[2] v) => (bool again, float[2] w) {
                again = Not(go)
                w = If (again) <then_branch = t () => (float[2] p) { p = Neg(v) },
                                else_branch = e () => (float[2] q) { r = Abs(v)  q = Add(r, x) }>
            }>
        }""",
        Drawing(
            [
                "Not < 5 body",
                "Neg < 4 then_branch",
                "Abs < 4 else_branch",
                "Add < 4 else_branch",
                "If < 5 body",
                "Loop",
            ],
            [(2, 0, 3, 0), (0, 0, 4, 0), (1, 0, 4, 1), (3, 0, 4, 2), (0, 0, 5, 3), (4, 0, 5, 4)],
            [
                *["0.0 graph_input c", "1.0 graph_input x", "2.0 graph_input x", "3.1 graph_input x"],
                *["5.0 graph_input n", "5.1 graph_input c", "5.2 graph_input x"],
            ],
            ["5.0 y"],
        ),
    ),
    "a loop in an if that captures from both levels": (
        """g (bool c, int64 n, float[2] x) => (float[2] y) {
            a = Relu(x)
            y = If (c) <
                then_branch = t () => (float[2] p) {
                    d = Exp(a)
                    p = Loop (n, c, d) <body = b (int64 i, bool go, float[2] v) => (bool again, float[2] w) {
                        again = Identity(go)
                        f = Add(v, a)
                        w = Mul(f, d)
                    }>
                },
                else_branch = e () => (float[2] q) { q = Neg(x) }>
        }""",
        Drawing(
            [
                *["Relu", "Exp < 7 then_branch", "Identity < 5 body", "Add < 5 body", "Mul < 5 body"],
                *["Loop < 7 then_branch", "Neg < 7 else_branch", "If"],
            ],
            [
                *[(0, 0, 1, 0), (1, 0, 3, 0), (0, 0, 3, 1), (3, 0, 4, 0), (1, 0, 4, 1)],
                *[(1, 0, 5, 2), (2, 0, 5, 3), (4, 0, 5, 4), (5, 0, 7, 1), (6, 0, 7, 2)],
            ],
            [
                *["0.0 graph_input x", "2.0 graph_input c", "5.0 graph_input n", "5.1 graph_input c"],
                *["6.0 graph_input x", "7.0 graph_input c"],
            ],
            ["7.0 y"],
        ),
    ),
    "a loop in a loop that begins with the outer one's state": (
        """g (int64 n, bool c, float[2] x) => (float[2] y) {
            a = Relu(x)
            y = Loop (n, c, a) <body = b (int64 i, bool go, float[2] v) => (bool go, float[2] w) {
                w = Loop (i, go, v) <body = b2 (int64 j, bool on, float[2] u) => (bool on, float[2] z) { z = Neg(u) }>
            }>
        }""",
        Drawing(
            ["Relu", "Neg < 2 body", "Loop < 3 body", "Loop"],
            [(0, 0, 1, 0), (0, 0, 2, 2), (1, 0, 2, 4), (0, 0, 3, 2), (2, 0, 3, 4)],
            [
                *["0.0 graph_input x", "2.0 graph_input n", "2.1 graph_input c", "2.3 graph_input c"],
                *["3.0 graph_input n", "3.1 graph_input c", "3.3 graph_input c"],
            ],
            ["3.0 y"],
        ),
    ),
    "constants outside that a body reads": (
        """g (int64 n, bool c, float[2] x) => (float[2] y) <float[2] w = {1, 2}, int64[1] axes = {0}> {
            two = Add(axes, axes)
            y = Loop (n, c, x) <body = b (int64 i, bool go, float[2] v) => (bool go, float[2] t) {
                u = Unsqueeze(v, axes)
                s = Squeeze(u, two)
                t = Mul(s, w)
            }>
        }""",
        Drawing(
            ["Unsqueeze < 3 body", "Squeeze < 3 body", "Mul < 3 body", "Loop"],
            [(0, 0, 1, 0), (1, 0, 2, 0), (2, 0, 3, 4)],
            [
                *["0.0 graph_input x", "0.1 constant axes [0]", "1.1 constant two [0]", "2.1 parameter w"],
                *["3.0 graph_input n", "3.1 graph_input c", "3.2 graph_input x", "3.3 graph_input c"],
            ],
            ["3.0 y"],
        ),
    ),
}
