"""Parameters shared by the estimators of several tasks, by name."""

from __future__ import annotations

from elman.estimators.parameters import Choice, Count, Number, RandomState, Switch, Table, Threads

__all__ = ["COMMON", "MOST_LAYERS", "MOST_NETWORKS"]

MOST_LAYERS, MOST_NETWORKS = 1000, 1000

COMMON: Table = {
    "cell": Choice(options=("rnn", "lstm", "gru"), others="model rnn_type cell_type unit_type"),
    "hidden_size": Count(others="hidden_dim units n_units hidden_units"),
    "projection_size": Count(optional=True, others="proj_size"),
    "layer_norm": Switch(others="layernorm use_layer_norm layer_normalization"),
    "num_layers": Count(most=MOST_LAYERS, others="n_layers layers"),
    "activation": Choice(options=("tanh", "relu", "sigmoid", "identity")),
    "dropout": Number(interval="[0, 1)"),
    "recurrent_dropout": Number(interval="[0, 1)"),
    "init": Choice(options=("default", "torch", "glorot", "uniform", "zeros")),
    "optimizer": Choice(options=("adam", "rmsprop", "sgd")),
    "learning_rate": Number(interval="(0, inf)", others="lr"),
    "weight_decay": Number(interval="[0, inf)"),
    "schedule": Choice(options=("cosine", "constant")),
    "batch_size": Count(),
    "clip_norm": Number(interval="(0, inf)", optional=True, others="gradient_clip_val max_grad_norm"),
    "ensemble_size": Count(most=MOST_NETWORKS, others="n_models"),
    "dtype": Choice(options=("float32", "float64")),
    "random_state": RandomState(others="seed random_seed"),
    "n_threads": Threads(others="n_jobs num_workers threads"),
    "progress": Switch(taken_up="at once", others="verbose"),
}
