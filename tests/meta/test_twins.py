"""The engine has the functions of the reference: same names, same arguments in the same order, same defaults."""

from __future__ import annotations

import inspect

import pytest

from elman import engine, reference

TWINS = """
    layer_forward layer_backward normalized_layer_forward normalized_layer_backward
    rnn_forward rnn_backward lstm_forward lstm_backward gru_forward gru_backward
    pack_layer step quantize dequantize quantize_rows quantized_dense rounded
    embedding_forward embedding_backward dense_forward dense_backward dense_cross_entropy
    activation_forward activation_backward silu_forward silu_backward softplus_forward softplus_backward
    mixing_readout_forward mixing_readout_backward quantile_loss
    half_squared_error mean_squared_error mean_absolute_error huber pinball
    binary_cross_entropy categorical_cross_entropy
    sgd_step rmsprop_step adam_step clip_by_norm clip_by_value dropout_mask gather_windows update_many
"""
RESULTS = (
    "DenseGradients GRUGradients GRUStates LayerGradients LayerStates LSTMGradients LSTMStates ManyUpdates "
    "NormalizedGradients NormalizedStates RNNGradients"
)
ONLY_ENGINE = {"isa", "isa_levels", "kernels", "num_threads", "use_isa"}


@pytest.mark.parametrize("name", TWINS.split())
def test_signatures(name: str) -> None:
    written, native = getattr(reference, name), getattr(engine, name)
    theirs = inspect.signature(written).parameters
    ours = dict(inspect.signature(native).parameters)
    threads = ours.pop("n_threads", None)
    assert list(ours) == list(theirs)
    for key, parameter in ours.items():
        assert (parameter.kind, parameter.default) == (theirs[key].kind, theirs[key].default), key
    if threads is not None:
        assert (threads.kind, threads.default) == (inspect.Parameter.KEYWORD_ONLY, None)


@pytest.mark.parametrize("name", RESULTS.split())
def test_results_have_the_same_fields(name: str) -> None:
    assert getattr(engine, name)._fields == getattr(reference, name)._fields


def test_the_engine_has_nothing_without_a_reference() -> None:
    assert set(engine.__all__) - set(reference.__all__) <= ONLY_ENGINE
    assert {*TWINS.split(), *RESULTS.split(), "UpdateRules"} <= set(engine.__all__) & set(reference.__all__)
