"""The parameters that all sequence estimators share, described once."""

from __future__ import annotations

__all__ = ["SHARED"]

SHARED = """cell : {"gru", "lstm", "rnn"}
        Recurrent layer.
    hidden_size, num_layers : int
        Units of a layer and direction, layers.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Of ``cell="rnn"``.
    bidirectional : bool
        Whether a second layer reads the sequence backwards, from its true end.
    dropout, recurrent_dropout : float
        Share of units dropped between layers and before the output, and on the way from step to step.
    standardize : bool
        Whether every channel gets mean 0 and standard deviation 1, as measured on the training part.
    init : {"default", "torch", "glorot", "uniform", "zeros"}
        Initial parameters.
    optimizer : {"adam", "rmsprop", "sgd"}
        Update rule.
    learning_rate, weight_decay : float
        At the start; share by which weights shrink.
    schedule : {"cosine", "constant"}
        How the learning rate goes on.
    updates : int or "auto"
        Gradient steps of `fit`. ``"auto"``: forty passes over the data, at least 300 and at most 3000 updates.
    batch_size : int
        Sequences per update, at most.
    group_lengths : bool
        Whether the sequences of a batch have like lengths: faster where lengths differ by much, see
        `elman.training.SequenceBatches`; worse to learn from if length and target have to do with each other.
    clip_norm : float or None
        Longest gradient.
    early_stopping : bool
        Whether to hold out a part, stop when its loss has not fallen for `patience` passes over the data, and keep the
        best networks.
    validation_fraction : float
        The part held out, stratified by class.
    patience : int
        See `early_stopping`.
    refit : bool
        After early stopping, train again on everything for the number of updates that was best.
    ensemble_size : int
        Networks in the ensemble; their outputs before the activation are averaged.
    layout : {"time_channels", "channels_time"}
        Order of the axes of a sequence; ``"channels_time"`` is that of sktime and aeon. Never guessed.
    id_column, time_column : str, str or None
        Columns of a long frame; with ``time_column=None`` its rows are in order.
    dtype : {"float32", "float64"}
        Precision of the networks.
    warm_start : bool
        Whether `fit` starts from the networks there are, keeping windows, standardisation and classes.
    {common}"""
