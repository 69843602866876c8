"""`Forecaster`: the recurrent network of the forecasting recipe as a scikit-learn estimator."""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from elman.data.scaling import choose_transform
from elman.errors import ElmanError, FileFormatError
from elman.forecasting.frames import read_panel
from elman.forecasting.hints import NamedParameters
from elman.forecasting.options import architecture_of, check_parameters, settings_of
from elman.forecasting.panel import Panel
from elman.forecasting.prediction import forecast
from elman.forecasting.recipe import Recipe, batch_size, check_window, resolve_seasons, rule_updates, rule_window
from elman.forecasting.training_set import Arrays, arrays_of, check_domain, filled, measure_unit, scales_of, stretches
from elman.network import Network
from elman.training import History, Trainer, train_ensemble

__all__ = ["Forecaster"]

Array = npt.NDArray[np.float64]


class Forecaster(NamedParameters, BaseEstimator):
    """Forecast the next values of one or many series with a small ensemble of recurrent networks.

    At every step the network sees a window of the newest values, less their level, and predicts all values up to the
    horizon::

        x_t = z[t-window+1 … t] - level_t               z the transformed series, level_t the mean of its last season
        h_t = LSTM(x_t, h_{t-1})
        ŷ_t = level_t + h_t W_y + b_y + x_t W_k         the values z[t+1 … t+horizon]

    It is trained on random stretches of up to `steps` windows with the loss at every step; the forecast is the last
    step's, after warming the state on the last `steps` windows, the median over `n_seeds` networks.

    Parameters
    ----------
    horizon : int
        Values to forecast.
    season : int, sequence of int or "auto"
        Values per season, 12 for months. Several (24 and 168 for hours) widen the window to the longest; the level,
        baselines and scores use the first. ``"auto"`` takes the usual seasons of the frequency, and 1 where there is
        none.
    freq : str, DateOffset, int or "auto"
        Distance between the time stamps of a frame, as a pandas alias; ``"auto"`` infers it.
    window : int or "auto"
        Values seen per step. ``"auto"``: the longest of several seasons; else one season and one value for a single
        series, two seasons for several series.
    steps : int
        Longest stretch trained on, and windows that warm the state before a forecast.
    cell : {"lstm", "gru", "rnn"}
        Recurrent layer.
    hidden_size, num_layers : int
        Units of a layer, layers.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Of ``cell="rnn"``.
    bias : bool
        Whether the network has biases.
    linear_skip : bool
        Whether the window also reaches the output directly (the linear autoregression above).
    strategy : {"multi_output", "recursive"}
        One output per step of the horizon; or one output, and every forecast enters the next window.
    loss : {"mae", "mse", "huber", "half_squared_error"}
        Mean over steps and horizon; ``"half_squared_error"`` is the sum.
    loss_at : {"every", "last"}
        Whether every step of a stretch counts, or the last alone; then the linear skip covers all steps of the stretch.
    carry_state : bool
        Whether stretches follow each other in the order of time, each beginning with the state in which the one before
        ended; the state is then warmed on the whole series before a forecast.
    bptt_depth : None or 1
        None sends the gradient back through the whole stretch.
    transform : {"auto", "log", "log1p", "scale", "none"}
        ``"auto"``: log if every training value is positive, log1p if none is negative, else division by each series'
        mean absolute deviation.
    level : {"season", "last", "none"}
        What is subtracted from a window and its targets: the mean of its last season, its last value, or nothing.
    init : {"default", "torch", "glorot", "uniform", "zeros"}
        Initial parameters.
    optimizer : {"adam", "rmsprop", "sgd"}
        Update rule.
    learning_rate : float
        At the start.
    schedule : {"cosine", "constant"}
        How the learning rate goes on.
    updates : int or "auto"
        Gradient steps. ``"auto"``: ``min(900, 300 * cube root of max(number of series, windows / steps))``.
    batch_size : int
        Stretches per update, at most; a short series has fewer different ones.
    clip_norm : float or None
        Longest gradient.
    dropout : float
        Share of units dropped between layers and before the output.
    n_seeds : int
        Networks in the ensemble.
    missing : {"error", "seasonal_median", "interpolate"}
        What to do about NaN and missing time stamps. Filled values never count in the loss.
    random_state : int, RandomState or None
        The same integer gives the same bits, whatever the number of threads.
    n_threads : int or None
        Threads; None leaves it to ``ELMAN_NUM_THREADS``, ``OMP_NUM_THREADS`` and the machine.
    progress : bool
        Whether to show progress when it takes longer than two seconds.

    Attributes
    ----------
    networks_ : list of Network
        The ensemble.
    history_ : list of History
        Loss, gradient norm and learning rate of every update of every network.
    seasons_, window_, updates_, transform_ : tuple of int, int, int, str
        What the rules chose.
    freq_ : DateOffset, int or None
        Distance between time stamps.

    See Also
    --------
    elman.forecasting.cross_validation : how good it is, beside simple baselines.

    Notes
    -----
    Series shorter than ``window + horizon + season - 1`` are padded on the left with their first value; padding is
    never a target. Everything up to the cast to float32 happens in float64.

    References
    ----------
    Elman (1990), Finding structure in time. Cognitive Science 14(2).
    Lai, Chang, Yang & Liu (2018), Modeling long- and short-term temporal patterns with deep neural networks. SIGIR.
    Hewamalage, Bergmeir & Bandara (2021), Recurrent neural networks for time series forecasting. Int. J. Forecasting
    37(1).

    Examples
    --------
    >>> import numpy as np
    >>> from elman import Forecaster
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> Forecaster(horizon=4, season=4, updates=100, n_seeds=1, random_state=0).fit(y).predict().round()
    array([10., 20., 30., 20.])
    """

    def __init__(
        self,
        horizon: int,
        *,
        season: Any = "auto",
        freq: Any = "auto",
        window: Any = "auto",
        steps: int = 96,
        cell: str = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        activation: str = "tanh",
        bias: bool = True,
        linear_skip: bool = True,
        strategy: str = "multi_output",
        loss: str = "mae",
        loss_at: str = "every",
        carry_state: bool = False,
        bptt_depth: int | None = None,
        transform: str = "auto",
        level: str = "season",
        init: str = "default",
        optimizer: str = "adam",
        learning_rate: float = 3e-3,
        schedule: str = "cosine",
        updates: Any = "auto",
        batch_size: int = 32,
        clip_norm: float | None = 1.0,
        dropout: float = 0.0,
        n_seeds: int = 5,
        missing: str = "error",
        random_state: Any = None,
        n_threads: int | None = None,
        progress: bool = False,
    ) -> None:
        self.horizon = horizon
        self.season = season
        self.freq = freq
        self.window = window
        self.steps = steps
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.activation = activation
        self.bias = bias
        self.linear_skip = linear_skip
        self.strategy = strategy
        self.loss = loss
        self.loss_at = loss_at
        self.carry_state = carry_state
        self.bptt_depth = bptt_depth
        self.transform = transform
        self.level = level
        self.init = init
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.updates = updates
        self.batch_size = batch_size
        self.clip_norm = clip_norm
        self.dropout = dropout
        self.n_seeds = n_seeds
        self.missing = missing
        self.random_state = random_state
        self.n_threads = n_threads
        self.progress = progress

    def fit(self, data: Any, y: Any = None) -> Self:
        """Learn from one series, a list of series, or a long frame.

        Parameters
        ----------
        data : array_like (n,), list of array_like (n_i,), or pandas or polars frame
            A frame has the columns ``unique_id``, ``ds`` (time stamps or integers) and ``y``, one row per series and
            time.
        y : None
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        Forecaster
            Itself.

        Raises
        ------
        ArgumentError
            If a parameter has a wrong value.
        DataError
            If a value or time stamp cannot be used, or there are too few.
        TrainingError
            If the loss stopped being finite.
        """
        place = "Forecaster.fit"
        check_parameters(place, self)
        panel = read_panel(place, data, self.freq, self.missing)
        self._fit_panel(place, panel)
        return self

    def _fit_panel(self, place: str, panel: Panel) -> None:
        """Learn from a checked panel: `fit` behind the door."""
        seasons = resolve_seasons(place, self.season, panel.frequency)
        panel, unknown = filled(panel, self.missing, seasons[0])
        recipe = self._make_recipe(place, panel, seasons)
        check_domain(place, recipe.transform, panel)
        scales = scales_of(recipe.transform, panel)
        unit = measure_unit(panel, recipe, scales)
        arrays = arrays_of(panel, recipe, scales, unit, recipe.shortest, unknown)
        lengths = np.diff(arrays.offsets)
        updates = rule_updates(recipe, lengths) if self.updates == "auto" else int(self.updates)
        trainers = self._trainers(recipe, arrays, updates)
        try:
            train_ensemble(trainers, n_threads=self.n_threads, progress=self.progress)
        except KeyboardInterrupt:
            # The networks that have begun hold their best so far and are usable as they are.
            trainers = [trainer for trainer in trainers if trainer.update > 0]
            if trainers:
                self._adopt(trainers, updates, recipe, panel, scales, unit)
            raise
        self._adopt(trainers, updates, recipe, panel, scales, unit)

    def _adopt(
        self, trainers: list[Trainer], updates: int, recipe: Recipe, panel: Panel, scales: Array, unit: float
    ) -> None:
        """Set the fitted attributes, all at once and only after training."""
        self.networks_: list[Network] = [trainer.network for trainer in trainers]
        self.history_: list[History] = [trainer.history for trainer in trainers]
        self.updates_ = updates
        self._recipe, self._unit, self._scales = recipe, unit, scales
        self._newest = panel.tail(recipe.memory)
        self._publish()

    def _make_recipe(self, place: str, panel: Panel, seasons: tuple[int, ...]) -> Recipe:
        """Apply the rules to the training part."""
        lengths = panel.lengths
        window = rule_window(seasons, lengths, self.horizon) if self.window == "auto" else int(self.window)
        check_window(place, window, self.horizon, lengths)
        ahead = 1 if self.strategy == "recursive" else int(self.horizon)
        level = {"season": min(seasons[0], window), "last": 1, "none": 0}[self.level]
        kind = choose_transform(list(panel)) if self.transform == "auto" else self.transform
        return Recipe(ahead, seasons, window, int(self.steps), level, kind, self.carry_state)

    def _publish(self) -> None:
        """Set the attributes that tell what the rules chose."""
        self.seasons_ = self._recipe.seasons
        self.window_ = self._recipe.window
        self.transform_ = self._recipe.transform
        self.freq_ = self._newest.frequency

    def _trainers(self, recipe: Recipe, arrays: Arrays, updates: int) -> list[Trainer]:
        """Make one trainer per seed; all gather their batches from the same arrays."""
        architecture = architecture_of(self, recipe)
        root = int(check_random_state(self.random_state).randint(2**31 - 1))
        seeds = np.random.SeedSequence(root).generate_state(int(self.n_seeds))
        size = batch_size(recipe, np.diff(arrays.offsets), int(self.batch_size))
        source = stretches(arrays, recipe, size, self.loss_at == "last")
        trainers = []
        for seed in map(int, seeds):
            network = Network.initialized(architecture, seed=seed, scheme=self.init)
            trainers.append(Trainer(network, source.with_seed(seed), settings_of(self, updates, seed)))
        return trainers

    def predict(self, data: Any = None) -> Any:
        """Forecast the `horizon` values that follow.

        Parameters
        ----------
        data : array_like, list or frame, optional
            Series known so far, in any of the forms of `fit`; without it, those of `fit`. Only the newest
            ``window + steps - 1`` values of each are used, or all with ``carry_state``. Nothing is learned from them.

        Returns
        -------
        ndarray (horizon,), list of ndarray (horizon,), or frame
            In the form of the data: a frame has ``unique_id``, the future ``ds``, and ``Elman``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If a value or time stamp cannot be used.
        """
        self._check_fitted("predict")
        if data is None:
            return self._newest.deliver(self._forecast(self._newest, self._scales))
        panel = read_panel("Forecaster.predict", data, self.freq if self.freq_ is None else self.freq_, self.missing)
        return panel.deliver(self._forecast_panel("Forecaster.predict", panel))

    def _forecast_panel(self, place: str, panel: Panel) -> Array:
        """Forecast a checked panel (S, K)."""
        panel, _ = filled(panel, self.missing, self._recipe.seasons[0])
        check_domain(place, self._recipe.transform, panel)
        newest = panel.tail(self._recipe.memory)
        return self._forecast(newest, self._scales_for(panel))

    def _scales_for(self, panel: Panel) -> Array:
        """Take the scales of training for the series known from there, and measure the others."""
        if self._recipe.transform != "scale":
            return np.ones(len(panel))
        if panel.ids is None or self._newest.ids is None:
            return self._scales if len(panel) == len(self._scales) else scales_of("scale", panel)
        rows = self._newest.ids.get_indexer(panel.ids)
        return np.where(rows >= 0, self._scales[rows], scales_of("scale", panel))

    def _forecast(self, panel: Panel, scales: Array) -> Array:
        """Forecast the newest values of checked, filled series (S, K)."""
        columns = []
        for _ in range(self.horizon // self._recipe.horizon):
            columns.append(forecast(self.networks_, self._recipe, self._unit, panel, scales, self.n_threads or 0))
            if self.strategy == "recursive":
                panel = panel.extended(columns[-1]).tail(self._recipe.memory)
        return np.concatenate(columns, axis=1)

    def _check_fitted(self, method: str) -> None:
        if not hasattr(self, "networks_"):
            raise NotFittedError(f"Forecaster.{method}: this Forecaster is not fitted yet; call fit first.")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted forecaster to one file: parameters, rules, newest values, nothing executable.

        Parameters
        ----------
        path : str or path
            An existing file is replaced, or left as it was if anything goes wrong.

        Raises
        ------
        NotFittedError
            Before `fit`.
        OSError
            If the operating system refuses.
        """
        from elman.persistence import save_arrays

        self._check_fitted("save")
        save_arrays(path, *self.to_arrays())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a forecaster from a file of `save`.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        Forecaster
            Forecasts the same bits.

        Raises
        ------
        FileFormatError
            If the file is damaged or holds something else.
        """
        from elman.persistence import load_arrays

        arrays, metadata = load_arrays(path)
        kind = metadata.get("kind")
        if kind != "forecaster":
            raise FileFormatError(f"{os.fspath(path)}: holds a {kind!r:.60}, not a forecaster.")
        try:
            return cls.from_arrays(arrays, metadata)
        except ElmanError as error:
            raise FileFormatError(f"{os.fspath(path)}: {error}") from error

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Describe the fitted forecaster by arrays and plain metadata, as `save` writes them."""
        from elman.forecasting.saving import to_file

        self._check_fitted("to_arrays")
        return to_file(self)

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """Rebuild a forecaster from `to_arrays`.

        Raises
        ------
        FileFormatError
            If anything is missing, unknown or does not fit the rest.
        """
        from elman.forecasting.saving import from_file

        forecaster = cls(horizon=1)
        from_file(forecaster, arrays, metadata)
        return forecaster
