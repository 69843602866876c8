"""The suites from outside, with their whole numbers: `counts.rows` writes the same into the documents."""

from __future__ import annotations

from counts import CONFIGURATIONS, live_oracle, node_tests


def test_node_tests_of_the_onnx_project() -> None:
    usual, strict = node_tests()
    assert len(usual) == len(strict) == 18
    assert [name for name, right in (usual | strict).items() if not right] == []
    assert all(strict.values())


def test_onnx_runtime_agrees_on_every_random_configuration() -> None:
    rows = live_oracle()
    assert len(rows) == CONFIGURATIONS >= 2000
    assert [row for row in rows if not row["difference"] <= 1e-5] == []
    for op, own in (("RNN", set()), ("LSTM", {"input_forget", "P", "initial_c"}), ("GRU", {"linear_before_reset"})):
        features = {name for row in rows if row["op"] == op for name in row["features"]}
        common = {"activations", "alpha", "beta", "clip", "direction", "layout", "B", "sequence_lens", "initial_h"}
        assert features == own | common
