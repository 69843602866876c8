"""Saved models on one row of data: the traced network gives the model's prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import (
    DataError,
    Forecaster,
    LanguageModel,
    SequenceClassifier,
    SequenceRegressor,
    SequenceTagger,
    UnsupportedError,
)
from elman.explain.saved import trace_forecast, trace_network, trace_sequence, trace_text
from elman.network import Architecture, Network
from tolerances import tolerance

FEW = {"hidden_size": 2, "updates": 3, "window": 1, "stride": 1, "random_state": 0, "ensemble_size": 1}


def passed(worked: Any) -> bool:
    return all(check.passed for check in worked.first.checks)


def forecaster(**options: Any) -> tuple[Forecaster, pd.DataFrame]:
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": 20 + np.tile([0.0, 3.0, 1.0, -4.0], 10)})
    usual: dict[str, Any] = {"window": 4, "season": 4, "steps": 3, "hidden_size": 2, "ensemble_size": 1, "updates": 5}
    return Forecaster(2, method="network", random_state=0, **usual | options).fit(frame), frame


@pytest.mark.parametrize("loss_at", ["every", "last"])
@pytest.mark.parametrize("loss", ["mae", "mse", "huber"])
def test_the_last_output_is_the_forecast(loss: str, loss_at: str) -> None:
    model, frame = forecaster(transform="none", center="none", loss=loss, loss_at=loss_at)
    worked = trace_forecast(model, frame, 30)
    outputs = worked.epochs[0].predictions.reshape(-1, 2)[-1]
    forecast = model.predict(frame.iloc[:30])["Elman"].to_numpy()
    np.testing.assert_allclose(outputs, forecast, rtol=tolerance("states", "float32"))
    assert worked.chains.steps == 3
    np.testing.assert_array_equal(worked.x[-1, 0], frame["y"].iloc[26:30])  # the newest window ends at row 30
    np.testing.assert_array_equal(worked.y.reshape(-1, 2)[-1], frame["y"].iloc[30:32])
    assert worked.objective.loss == {"mae": "mean_absolute_error", "mse": "mean_squared_error", "huber": "huber"}[loss]
    assert passed(worked)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (3, "explain: row 3 needs 4 values up to it and 2 after it; choose a row from 4 to 38."),
        (39, "explain: row 39 needs 4 values up to it and 2 after it; choose a row from 4 to 38."),
    ],
)
def test_rows_of_a_forecaster(row: int, message: str) -> None:
    model, frame = forecaster()
    with pytest.raises(DataError) as caught:
        trace_forecast(model, frame, row)
    assert str(caught.value) == message


def test_a_file_of_too_few_rows_for_any() -> None:
    model, frame = forecaster()
    with pytest.raises(DataError) as caught:
        trace_forecast(model, frame[:5], 4)
    assert str(caught.value) == "explain: the file has 5 rows; a window of 4 and a horizon of 2 need 6."


def test_one_series_at_a_time() -> None:
    model, frame = forecaster()
    two = pd.concat([frame, frame.assign(unique_id="b")])
    with pytest.raises(DataError, match=r"explain: the file holds 2 series; pass one of them alone\."):
        trace_forecast(model, two, 30)


def test_a_usual_forecaster_is_too_large_and_that_is_said() -> None:
    model, frame = forecaster(hidden_size=64)
    with pytest.raises(UnsupportedError, match="numbers, more than the 60,000 that a trace may have"):
        trace_forecast(model, frame, 30)


def waves() -> tuple[list[np.ndarray], list[str]]:
    return [np.sin(np.arange(4 + i % 3) + i % 2) for i in range(12)], ["ab"[i % 2] for i in range(12)]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_classifier(cell: str) -> None:
    X, y = waves()
    model = SequenceClassifier(cell=cell, **FEW).fit(X, y)
    worked = trace_sequence(model, X, y, 2)
    assert worked.chains.steps == len(X[1])
    np.testing.assert_allclose(
        worked.epochs[0].predictions.ravel(), model.predict_proba([X[1]])[0, 1:], rtol=tolerance("states", "float32")
    )
    np.testing.assert_array_equal(worked.y.ravel(), [1.0])  # class "b"
    assert worked.objective.loss == "binary_cross_entropy"
    assert passed(worked)


def test_a_regressor_and_a_tagger() -> None:
    X, _ = waves()
    numbers = [float(x.sum()) for x in X]
    worked = trace_sequence(SequenceRegressor(**FEW).fit(X, numbers), X, numbers, 5)
    assert worked.objective.loss == "mean_squared_error"
    assert passed(worked)

    tags = [["up" if value > 0 else "down" for value in x] for x in X]
    tagger = SequenceTagger(hidden_size=2, updates=3, random_state=0, ensemble_size=1).fit(X, tags)
    worked = trace_sequence(tagger, X, tags, 3, learning_rate=0.1)
    assert worked.to_dict()["mode"] == "sequence-to-sequence"
    assert len(worked.epochs) == 2
    assert passed(worked)


def test_rows_of_sequences() -> None:
    X, y = waves()
    model = SequenceClassifier(**FEW).fit(X, y)
    with pytest.raises(DataError, match="explain: there is no row 13; rows are counted from 1 to 12"):
        trace_sequence(model, X, y, 13)


def test_a_line_of_text() -> None:
    lines = "no yes no\nyes no yes\nno\n"
    model = LanguageModel(unit="word", hidden_size=2, embedding_size=2, epochs=1, validation_fraction=0,
                          random_state=0, steps=2, batch_size=1).fit(lines * 8)  # fmt: skip
    worked = trace_text(model, lines, 2)
    ids = model.vocabulary_.encode("yes no yes")
    np.testing.assert_array_equal(worked.x[:, 0], ids[:-1])
    np.testing.assert_array_equal(worked.y[:, 0], ids[1:])
    assert [worked.words[i] for i in ids] == ["yes", "no", "yes"]
    known = model.network_.predict(ids[:-1, np.newaxis].astype(np.int64))
    np.testing.assert_allclose(worked.epochs[0].predictions, known, rtol=tolerance("states", "float32"))
    assert passed(worked)
    with pytest.raises(DataError, match="explain: line 3 has 1 tokens; a prediction needs at least 2"):
        trace_text(model, lines, 3)
    with pytest.raises(DataError, match="there is no row 4; rows are counted from 1 to 3"):
        trace_text(model, lines, 4)
    fed = trace_text(model, "no no\x0cyes yes\nno yes\n", 2)  # lines as an editor counts them
    np.testing.assert_array_equal(fed.x[:, 0], model.vocabulary_.encode("no"))


def bare(**options: Any) -> Network:
    usual: dict[str, Any] = {"input_size": 2, "output_size": 1, "cell": "rnn", "hidden_size": 2}
    return Network.initialized(Architecture(**usual | options), dtype=np.float64)


def test_a_bare_network() -> None:
    columns = {"x1": [1.0, 9.0], "x2": [2.0, 9.0], "x3": [3.0, 9.0], "x4": [4.0, 9.0], "y": [5.0, 9.0]}
    worked = trace_network(bare(readout="last"), columns, 1)
    np.testing.assert_array_equal(worked.x[:, 0], [[1.0, 2.0], [3.0, 4.0]])
    assert (worked.y.tolist(), worked.objective.loss) == ([[5.0]], "mean_squared_error")
    words = {"x1": [0, 2], "x2": [1, 1], "y1": [1, 0], "y2": [2, 0]}
    network = bare(input_size=None, vocabulary_size=3, output_size=3, output="softmax")
    worked = trace_network(network, words, 2)
    assert (worked.x.tolist(), worked.y.tolist()) == ([[2], [1]], [[0], [0]])
    assert worked.objective.loss == "categorical_cross_entropy"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x1": [1.0], "x2": [1.0], "x3": [1.0], "y": [1.0]},
         "explain: the network takes 2 values per step, the table has 3 columns x…."),
        ({"x1": [1.0], "x2": [1.0]}, "explain: no column begins with 'y'; the columns are x1, x2."),
        ({"x1": [1.0], "x2": [1.0], "y1": [1.0], "y2": [2.0]},
         "explain: 1 columns y… are needed, the table has 2."),
        ({"x1": ["a"], "x2": [1.0], "y1": [1.0]},
         "explain: row 1 of the columns x… has entries that are not numbers."),
    ],
)  # fmt: skip
def test_refused_tables(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        trace_network(bare(readout="last"), columns, 1)
    assert str(caught.value) == message


def test_classes_must_be_whole() -> None:
    network = bare(output_size=2, output="softmax", readout="last")
    with pytest.raises(DataError, match="explain: the columns y… must hold whole numbers: indices or classes"):
        trace_network(network, {"x1": [1.0], "x2": [1.0], "y": [0.5]}, 1)
    for value in (np.nan, np.inf, 1e300):  # refused without a warning of NumPy's
        with pytest.raises(DataError, match="explain: the columns y… must hold whole numbers: indices or classes"):
            trace_network(network, {"x1": [1.0], "x2": [1.0], "y": [value]}, 1)


def test_a_saved_network_is_traced_as_it_was(tmp_path: Path) -> None:
    from elman import load

    network = bare(readout="last")
    network.save(tmp_path / "network")
    columns = {"x1": [1.0], "x2": [2.0], "y": [3.0]}
    first, second = (trace_network(n, columns, 1).epochs[0] for n in (network, load(tmp_path / "network")))
    assert first.loss == second.loss
