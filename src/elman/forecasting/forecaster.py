"""`Forecaster`: the recurrent network of the forecasting recipe as a scikit-learn estimator."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Self

from elman._check.occupied import changing, reading
from elman.forecasting.fitted import FittedForecaster
from elman.forecasting.frames import read_panel
from elman.forecasting.intervals import bounds, calibrate, deliver
from elman.forecasting.options import check_parameters, covariates_of
from elman.forecasting.prediction import check_finite
from elman.training import checkpointing

if TYPE_CHECKING:
    from elman.training import GradientFlow

__all__ = ["Forecaster"]


@dataclass(eq=False, repr=False)
class Forecaster(FittedForecaster):
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
        Values seen per step. ``"auto"``: chosen on the training part. Windows from one season and one value to 10
        seasons (see `elman.forecasting.selection.window_candidates`) are tried in short fits without the newest
        `horizon` values, which score them. Unless another is better by 2 %, it is the longest of several seasons, else
        one season and one value for a single series, two seasons for several.
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
        Gradient steps. ``"auto"``: ``min(900, 300 * cube root of max(number of series, windows / steps))``; but 100
        where ``window="auto"`` measures that 300 forecast worse than 100 by 10 %, as happens where data are few.
    batch_size : int
        Stretches per update, at most: no more than cover every series once (see `elman.forecasting.recipe.batch_size`).
    clip_norm : float or None
        Longest gradient.
    dropout : float
        Share of units dropped between layers and before the output.
    n_seeds : int
        Networks in the ensemble.
    intervals : int, "auto" or None
        Past cut-offs at which a network that has not seen what follows is measured, for the prediction intervals of
        ``predict(level=...)``; ``"auto"``: as many as levels up to 95 need. None: no intervals, and half the time.
    validation : bool or None
        Whether the newest `horizon` values of the training part choose the number of updates: ensembles are trained
        twice, first without these values and scored on them, then on everything for as many updates as forecast best,
        under the same schedule.
    past_covariates, future_covariates : sequence of str, or None
        Columns of a frame that enter every window as further channels; numbers, none missing. Those of the second kind
        are known ahead (prices, holidays): every window also sees them over the horizon, and `predict` needs them. Of a
        column of categories each is named, ``["sky=rain", "sky=sun"]``, and becomes a channel of 0 and 1.
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
        What was chosen.
    window_scores_, updates_scores_, validation_scores_ : dict of int to float
        Error on the held-out end of the training part: by window tried, by number of updates, and by update during
        training with ``validation``; empty where nothing was measured.
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

    horizon: int
    _: KW_ONLY
    season: Any = "auto"
    freq: Any = "auto"
    window: Any = "auto"
    steps: int = 96
    cell: str = "lstm"
    hidden_size: int = 64
    num_layers: int = 1
    activation: str = "tanh"
    bias: bool = True
    linear_skip: bool = True
    strategy: str = "multi_output"
    loss: str = "mae"
    loss_at: str = "every"
    carry_state: bool = False
    bptt_depth: int | None = None
    transform: str = "auto"
    level: str = "season"
    init: str = "default"
    optimizer: str = "adam"
    learning_rate: float = 3e-3
    schedule: str = "cosine"
    updates: Any = "auto"
    batch_size: int = 32
    clip_norm: float | None = 1.0
    dropout: float = 0.0
    n_seeds: int = 5
    intervals: Any = None
    validation: bool | None = None
    past_covariates: Any = None
    future_covariates: Any = None
    missing: str = "error"
    random_state: Any = None
    n_threads: int | None = None
    progress: bool = False

    def fit(self, data: Any, y: Any = None, *, checkpoint_dir: Any = None, resume: bool = False) -> Self:
        """Learn from one series, a list of series, or a long frame.

        Parameters
        ----------
        data : array_like (n,) or (n, D), list of these, or pandas or polars frame
            A frame has the columns ``unique_id``, ``ds`` (time stamps or integers), ``y`` and the covariates, one row
            per series and time. Of D channels, each has its own transform and level.
        y : None
            Not used; scikit-learn's pipelines pass it.
        checkpoint_dir : str or path, optional
            Folder in which the states of the training are kept, so that it can go on after a crash.
        resume : bool
            Go on from the states there; the result is, bit for bit, that of a fit that never stopped.

        Returns
        -------
        Forecaster
            Itself.

        Raises
        ------
        ArgumentError
            If a parameter has a wrong value, or the folder holds the states of another fit.
        DataError
            If a value or time stamp cannot be used, or there are too few.
        TrainingError
            If the loss stopped being finite.
        """
        place = "Forecaster.fit"
        check_parameters(place, self)
        with changing(place, self):
            panel = read_panel(place, data, self.freq, self.missing, covariates_of(self), channels=True)
            learned_from = panel.values, panel.offsets, panel.covariates, str(panel.frequency)
            with checkpointing(place, checkpoint_dir, resume, self.get_params(), learned_from):
                residuals, before = calibrate(place, self, panel), getattr(self, "networks_", None)
                try:
                    self._fit_panel(place, panel)
                finally:
                    if getattr(self, "networks_", None) is not before:  # after Ctrl-C too
                        self._residuals = residuals
        return self

    def predict(self, data: Any = None, level: Any = None, future: Any = None) -> Any:
        """Forecast the `horizon` values that follow.

        Parameters
        ----------
        data : array_like, list or frame, optional
            Series known so far, in any of the forms of `fit`; without it, those of `fit`. Only the newest
            ``window + steps - 1`` values of each are used, or all with ``carry_state``. Nothing is learned from them.
        level : float or sequence of float, optional
            Percentages, such as ``[80, 95]``: intervals that hold the values so often, see
            `elman.forecasting.intervals`. Needs ``intervals``.
        future : frame, optional
            With ``future_covariates``: ``unique_id``, ``ds`` and these columns for the `horizon` steps that follow.

        Returns
        -------
        ndarray (horizon,) or (horizon, D), list of these, or frame
            In the form of the data: a frame has ``unique_id``, the future ``ds``, and ``Elman``. With ``level`` a
            frame also has ``Elman-lo-80``, ``Elman-hi-80`` and so on; an array becomes a dict of arrays with these
            keys, a list a list of such dicts.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If a value or time stamp cannot be used.
        """
        place = "Forecaster.predict"
        self._check_fitted("predict")
        with reading(place, self):
            if data is None:
                panel = self._with_future(place, self._newest, future)
                forecasts = check_finite(place, panel, self._forecast_newest(panel))
            else:
                panel = self._with_future(place, self._read(place, data), future)
                forecasts = self._forecast_panel(place, panel)
            if level is None:
                return panel.deliver(forecasts)
            return deliver(panel, forecasts, bounds(place, self, panel, forecasts, level))

    def gradient_flow(self, data: Any = None, *, member: int = 0, probes: int = 8) -> GradientFlow:
        """Measure how far back in time the gradient of the loss reaches, on stretches drawn like those of training.

        Parameters
        ----------
        data : array_like, list or frame, optional
            Series in any of the forms of `fit`, with covariates if there are any; without it, the newest values that
            are known.
        member : int
            Which network of the ensemble.
        probes : int
            Outputs per stretch that are followed.

        Returns
        -------
        GradientFlow
            Print it; `elman.training.gradient_flow` says what the numbers are.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If a value or time stamp cannot be used.
        """
        from elman.forecasting.flow import measure

        place = "Forecaster.gradient_flow"
        self._check_fitted("gradient_flow")
        with changing(place, self):  # it uses a network's tape
            panel = self._newest if data is None else self._read(place, data)
            return measure(place, self, panel, member, probes)

    def update(self, data: Any) -> Self:
        """Take in new values of the series of `fit`, so that `predict` goes on from them; nothing is learned.

        The states of the networks move on by one step per new value: the work does not depend on how many there have
        been. A forecast then is, bit for bit, the one whose networks were warmed over the same windows in one go: all
        of them with ``carry_state``, else those from the start of the warm-up before the first update on. With
        ``strategy="recursive"``, ``loss_at="last"`` or covariates known ahead the networks are warmed anew for every
        forecast, on the newest `steps` windows.

        Parameters
        ----------
        data : array_like, list or frame
            New rows alone, in the form of the data of `fit`; a frame need not have rows for every series.

        Returns
        -------
        Forecaster
            Itself.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If a value cannot be used, a series is not known, or the first row is not the next one.

        Examples
        --------
        >>> import numpy as np
        >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
        >>> model = Forecaster(2, season=4, window=5, updates=100, n_seeds=1, random_state=0).fit(y[:44])
        >>> model.predict().round(), model.update(y[44:46]).predict().round()
        (array([10., 20.]), array([30., 20.]))
        """
        place = "Forecaster.update"
        self._check_fitted("update")
        with changing(place, self):
            self._update_panel(place, self._read(place, data, least=0 if isinstance(data, list) else 1))
        return self
