"""Descriptions of the parameters shared by all sequence estimators."""

from __future__ import annotations

__all__ = ["SHARED"]

SHARED = """cell : {"gru", "lstm", "rnn"}
        Recurrent layer.
    hidden_size : int or tuple of int
        Units of every layer and direction, or of each layer, the lowest first: ``(64, 32)``.
    num_layers : int
        Recurrent layers; follows from a tuple of sizes.
    projection_size : int or None
        Of ``cell="lstm"``: values that each layer and direction passes on, fewer than its units (Sak et al. 2014).
    layer_norm : bool
        Whether the sums before the gates, and the cell states of an LSTM, are normalized over the units (Ba et al.
        2016). An update takes many times as long.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Of ``cell="rnn"``.
    bidirectional : bool or tuple of bool
        Whether every layer, or each, has a second one that reads the sequence backwards, from its true end.
    dense : tuple of int
        Units of each hidden dense layer between the readout and the output; none by default.
    dense_activation : {"relu", "tanh", "sigmoid", "identity"}, or tuple of them
        Of every hidden dense layer, or of each.
    dropout, recurrent_dropout : float
        Share of units dropped between layers and before the output; of the recurrent state.
    standardize : bool
        Whether every channel is scaled to mean 0 and standard deviation 1 of the training part.
    init : {"default", "torch", "glorot", "uniform", "zeros"}
        Initial parameters.
    optimizer : {"adam", "rmsprop", "sgd"}
        Update rule.
    learning_rate, weight_decay : float
        At the start; share by which weights shrink.
    schedule : {"cosine", "constant"}
        Learning-rate schedule.
    updates : int or "auto"
        Gradient steps of `fit`. ``"auto"``: at least forty passes over the data (between 300 and 3000 updates), and
        more as long as they pay for one network. Four times as many pay if its loss falls to 90 %, and from 20
        sequences on the error on a held-out fifth stays below 110 %; twice as many after that if this error falls to
        80 %. Of a tagger, twice as many pay each time if both fall to 99 %. With `early_stopping` or `warm_start`,
        which stop or go on anyway, forty passes.
    batch_size : int
        Sequences per update, at most.
    group_lengths : bool
        Whether the sequences of a batch have similar lengths: faster if lengths differ much, see
        `elman.training.SequenceBatches`; worse for learning if length and target are correlated.
    clip_norm : float or None
        Maximum gradient norm.
    early_stopping : bool
        Whether to hold out a part, stop if its loss has not fallen for `patience` passes over the data, and keep the
        best networks.
    validation_fraction : float
        Held-out share, stratified by class.
    patience : int
        See `early_stopping`.
    refit : bool
        After early stopping, train again on all data for the best number of updates.
    ensemble_size : int
        Networks in the ensemble; their outputs before the activation are averaged.
    layout : {"time_channels", "channels_time"}
        Order of the axes of a sequence, never inferred; ``"channels_time"`` is that of sktime and aeon.
    id_column, time_column : str, str or None
        Columns of a long frame; with ``time_column=None`` the rows are in temporal order.
    dtype : {"float32", "float64"}
        Precision of the networks.
    warm_start : bool
        Whether `fit` starts from the present networks, with the same windows, standardisation and classes.
    {common}"""
