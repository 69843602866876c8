"""`Forecaster`: the forecast of ordinary series as a scikit-learn estimator."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman.errors import ElmanWarning
from elman.estimators import changing, documented
from elman.forecasting.intervals import deliver
from elman.forecasting.notices import notice_medians
from elman.forecasting.partitioned import empty_forecast, forecast_parts
from elman.forecasting.procedure import fit_store
from elman.forecasting.quantiles import Asked
from elman.forecasting.reading import read_asked, read_known, read_new
from elman.forecasting.stored import open_store
from elman.forecasting.views import Views
from elman.partitions import Job, partitioned
from elman.training import checkpointing

__all__ = ["Forecaster"]

Array = npt.NDArray[np.float64]


@documented()
@dataclass(eq=False, repr=False)
class Forecaster(Views):
    """Forecast the next values of one or many series.

    The default method is the **prior**, a recurrent network pretrained on synthetic series: it needs no training and
    no minimum length. `fit` holds out the newest values, forecasts them with the prior and with simple baselines (for
    panels of 20 series or more also with the prior tuned on them, and long ones with its means with a window network;
    for series with many zeros also with ``"counts"``), and chooses by the rule of `elman.forecasting.choosing`;
    `method_` names the method chosen.

    ``method="network"`` is the **window network**, trained on the series themselves. At every step it sees a window of
    the newest values, less their center, and predicts all values up to the horizon::

        x_t = z[t-window+1 … t] - center_t              z the transformed series, center_t the mean of its last season
        h_t = LSTM(x_t, h_{t-1})
        ŷ_t = center_t + h_t W_y + b_y + x_t W_k        the values z[t+1 … t+horizon]

    It is trained on random stretches of up to `steps` windows with the loss at every step; the forecast is the last
    step's, after warming the state on the last `steps` windows, the median over `ensemble_size` networks.

    Parameters
    ----------
    horizon : int
        Values to forecast.
    method : str
        ``"auto"``: chosen by the check on held-out values. ``"prior"``: untuned. ``"tuned"``: tuned on all series.
        ``"network"``: the window network. ``"counts"``: mean and quantiles of the past values, for many zeros
        (`elman.forecasting.methods.counts`). Or a key of `elman.forecasting.BASELINES`, such as ``"seasonal naive"``.
        Parameters from `window` to `ensemble_size`, `intervals` and `validation` belong to ``"network"`` alone, and are
        refused with any other. Data with covariates need the network, which ``"auto"`` then compares with the
        baselines. Every method but the network forecasts each of several channels as a separate series.
    base : str, path or None
        File of a saved forecaster whose tuned prior takes the place of the shipped one (`elman.forecasting.base`): from
        a panel that was large enough to tune on to another one, of the same season and frequency and no longer horizon.
        With ``"auto"``, ``"prior"`` (zero-shot) and ``"tuned"``.
    season : int, sequence of int or "auto"
        Values per season, 12 for months. Several (24 and 168 for hours) widen the window to the longest; the center,
        baselines and scores use the first. ``"auto"`` takes the usual seasons of the frequency, and 1 where there is
        none. Daily series of two years and the horizon are also tried with a yearly season of 365 days, or 261 business
        days (`elman.forecasting.yearly`), which the prior alone uses; 7 leaves it out.
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
        Whether the loss counts every step of a stretch or only the last; the linear skip then covers all steps.
    quantiles : sequence of float or None
        Quantiles that the network learns, such as ``[0.1, 0.5, 0.9]``, by the mean pinball loss; with each its mirror
        image, and the median, which is the forecast. They cannot cross (`elman.forecasting.heads`). ``predict`` then
        has intervals up to the outer ones without ``intervals``; with it they are adjusted by errors on past cut-offs
        (conformalized quantile regression), of any level.
    distribution : {"normal", "student_t", "poisson", "negative_binomial"} or None
        Distribution whose parameters the network learns by maximum likelihood (`elman.forecasting.distributions`); the
        forecast is its median. The first two are on the scale of `transform`, the others for counts 0, 1, 2, ….
    carry_state : bool
        Whether stretches are in order of time and each starts from the final state of the one before; a forecast then
        warms the state on the whole series.
    bptt_depth : None or 1
        Depth of backpropagation through time; None: the whole stretch.
    transform : {"auto", "log", "log1p", "scale", "none"}
        ``"auto"``: log if every training value is positive, log1p if none is negative, else division by each series'
        mean absolute deviation.
    center : {"season", "last", "none"}
        Subtracted from a window and its targets: the mean of its last season, its last value, or nothing.
    init : {"default", "torch", "glorot", "uniform", "zeros"}
        Initial parameters.
    optimizer : {"adam", "rmsprop", "sgd"}
        Update rule.
    learning_rate : float
        Initial learning rate.
    schedule : {"cosine", "constant"}
        Learning-rate schedule.
    updates : int or "auto"
        Gradient steps. ``"auto"``: ``min(900, 300 * cube root of max(number of series, windows / steps))``; but 100
        if ``window="auto"`` finds the error of 300 updates larger by 10 % than that of 100, as with few data.
    batch_size : int
        Maximum stretches per update, and at most as many as cover every series once (see
        `elman.forecasting.recipe.batch_size`).
    clip_norm : float or None
        Maximum gradient norm.
    dropout : float
        Share of units dropped between layers and before the output.
    ensemble_size : int
        Networks in the ensemble.
    intervals : int, "auto" or None
        Of ``method="network"``: past cut-offs at which a network trained on earlier values is scored, for the
        prediction intervals of ``predict(level=...)``; ``"auto"``: as many as levels up to 95 need. None: no intervals,
        and half the time. Other methods always have intervals.
    validation : bool or None
        Whether to choose the number of updates on the newest `horizon` values of the training part: the ensemble is
        trained without these values and scored on them, then trained on all values for the best number of updates,
        under the same schedule.
    past_covariates, future_covariates : sequence of str, or None
        Columns of a frame that enter every window as further channels; numbers, none missing. Future covariates are
        known ahead (prices, holidays): every window also includes them over the horizon, and `predict` needs them. For
        a column of categories, name each: ``["sky=rain", "sky=sun"]``; each becomes a channel of 0 and 1.
    static_covariates : sequence of str, or None
        Columns of a frame, or of ``static_df``, with one value per series: numbers, or text for categories, of which
        each becomes an input of 0 and 1. They enter once a step.
    series_covariates : sequence of str, or None
        Names of series of the data whose values are a past covariate of every series (`elman.forecasting.
        series_covariates`): a forecast depends on their lags from its own step on. They need a value at every time of
        the others, and their rows wherever data are passed.
    calendar : bool or sequence of str
        Features made from the time stamps, which enter once a step and need nothing from `predict`: any of ``"hour"``,
        ``"weekday"``, ``"month"``, ``"month_position"`` and ``"season"`` (position in the year, as sines). True: hour
        and weekday for steps below a day, weekday, position in the month and season below a week, the latter two for
        weeks, the month for months and quarters. The season can be learned from two years or more.
    holidays : str or None
        Country such as ``"DE"``, or part of one such as ``"DE-BY"``: its holidays are a covariate known ahead, for
        steps up to a day, and need nothing from `predict`. Takes the extra ``elman[holidays]``.
    weight : str or None
        Column of a frame with the weight of each value in the loss, at least 0; only ratios count. The same number in
        every row of a series weights the series. Values of weight 0 are seen, but neither learned nor scored.
    half_life : float or None
        Steps after which a value has half of its weight in the loss, counted back from the end of its series.
    censored : str or None
        Column of a frame with 1 where the value is not the demand, as on closed days and during stock-outs, else 0.
        Censored values count as missing: they are filled (by the seasonal median with ``missing="error"``), neither
        learned nor scored. The column is a past covariate, so the network sees which values these are.
    missing : {"error", "seasonal_median", "interpolate", "mask"}
        Treatment of NaN and missing time stamps. Filled values never count in the loss. ``"mask"``: the network sees 0
        and a flag in their place, and they count nowhere: not in centers, scales or units. Other methods see them
        filled by the seasonal median.
    cutoffs : int or "auto"
        Past cut-offs of the check, a horizon apart, counted back from each series' own end; 0: no check. ``"auto"``:
        with ``method="auto"`` by rule (`elman.forecasting.past.most_cut_offs`); with any other method none, except one
        on panels of 20 series or more, for the width of the intervals. Candidates are prepared on the values before
        the earliest. A baseline is delivered only after three or more.
    refit : bool
        Whether candidates are prepared anew at every cut-off.
    {common}

    Attributes
    ----------
    method_ : str
        Name of the delivered method: ``"prior"``, ``"prior with optimized Theta"`` (their geometric mean, without
        season), ``"tuned prior"``, ``"mean of prior and tuned prior"``, ``"network"``, ``"mean of network and …"``
        with one of these, ``"weighted mean of network and …"`` (a quarter of it the network's), ``"counts"``,
        ``"seasonal naive"``, …
    reason_ : str
        The reason for it.
    check_ : Backtest or None
        Errors of the delivered method and of the baselines on held-out values; None without a check, and in a loaded
        forecaster.
    seasons_ : tuple of int
        Values per season; with the year of daily series if the prior uses it.
    freq_ : DateOffset, int or None
        Distance between time stamps.
    networks_ : list of Network
        The ensemble. This attribute and the next exist only if a network is delivered.
    history_ : list of History
        Loss, gradient norm and learning rate of every update of every network.
    window_, updates_, transform_ : int, int, str
        The chosen values.
    window_scores_, updates_scores_, validation_scores_ : dict of int to float
        Error on the held-out end of the training part: by window tried, by number of updates, and by update during
        training with ``validation``; empty without measurements.

    See Also
    --------
    elman.forecasting.backtest : comparison with simple baselines on past data.

    Notes
    -----
    Forecasts of the untuned prior and of the baselines do not depend on other series, but for the choice of a yearly
    season. Of more than 2,000 series, a sample of 2,000 is used to choose, tune and calibrate
    (`elman.forecasting.store`). For the network, series shorter than ``window + horizon + season - 1`` are padded on
    the left with their first value; padding is never a target. All computation before the cast to float32 is in
    float64.

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
    >>> model = Forecaster(horizon=4, season=4, method="seasonal naive").fit(y)
    >>> model.predict(), model.method_
    (array([10., 20., 30., 20.]), 'seasonal naive')
    >>> network = Forecaster(horizon=4, season=4, method="network", updates=100, ensemble_size=1, random_state=0).fit(y)
    >>> network.predict().round()
    array([10., 20., 30., 20.])
    """

    def fit(
        self,
        data: Any,
        y: Any = None,
        *,
        static_df: Any = None,
        checkpoint_dir: Any = None,
        resume: bool = False,
        errors: str = "raise",
    ) -> Self:
        """Learn from one series, a list of series, or a long frame.

        Parameters
        ----------
        data : array_like (n,) or (n, D), list of these, pandas or polars frame, path, or frame of an engine
            A frame has the columns ``unique_id``, ``ds`` (time stamps or integers), ``y`` and the covariates, one row
            per series and time. Of D channels, each has its own transform and center. The same columns in parts need
            not fit in memory: a path names Parquet files (a folder, a file, a pattern such as ``"sales/*.parquet"``, or
            a list of files); a Dask or Spark DataFrame or a Ray Dataset is read a partition at a time. The forecaster
            then remembers the data, not the series: `predict` reads them again, and a file of `save` has none.
        y : None
            Not used; scikit-learn's pipelines pass it.
        static_df : frame, optional
            With ``static_covariates``: ``unique_id`` and these columns, one row per series, in memory also for data in
            parts. Without it they are columns of the data, constant in every series.
        checkpoint_dir : str or path, optional
            Folder in which the states of the training are kept, so that it can go on after a crash.
        resume : bool
            Go on from the states there; the result is, bit for bit, that of a fit that never stopped.
        errors : {"raise", "collect"}
            Of data in parts: whether a series that cannot be used is an error, which names its place, or is left out
            with a warning.

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
        place = self._place("fit")
        self._check(place)
        job = Job.checked(place, errors, None, False, None)
        with changing(place, self):
            if (source := partitioned(place, data)) is not None:
                empty_forecast(place, source, Asked())
                table = self._table_of_fit(place, source, static_df)
                store = open_store(place, self, data, source, table, collect=job.errors == "collect")
                with checkpointing(place, checkpoint_dir, resume, self.get_params(), store.identity):
                    self._take(lambda: fit_store(place, self, store, self._base(place)))
                return self
            job.refuse(place)
            panel = read_new(place, self, data, static_df)
            learned_from = panel.values, panel.offsets, panel.covariates, str(panel.frequency)
            with checkpointing(place, checkpoint_dir, resume, self.get_params(), learned_from):
                self._fit_panel(place, panel)
        return self

    def predict(
        self,
        data: Any = None,
        level: Any = None,
        future: Any = None,
        *,
        quantiles: Any = None,
        static_df: Any = None,
        output: Any = None,
        workers: int | None = None,
        resume: bool = False,
        errors: str = "raise",
    ) -> Any:
        """Forecast the `horizon` values that follow.

        Parameters
        ----------
        data : array_like, list, frame or path, optional
            Known series in any of the forms of `fit`; by default those of `fit`. The network uses only the newest
            ``window + steps - 1`` values of each, or all with ``carry_state``. Nothing is learned from them.
            A path names Parquet files that need not fit in memory: a folder, a file, a pattern such as
            ``"sales/*.parquet"``, or a list of files. Or a Dask or Spark DataFrame, or a Ray
            Dataset.
        level : float or sequence of float, optional
            Percentages, such as ``[80, 95]``: intervals that hold this share of the values. Those of the prior and of a
            baseline come from the prior's quantiles, up to 95 (`elman.forecasting.methods.spread`); those of the
            network from its errors in the past (`elman.forecasting.intervals`), and need ``intervals``.
        future : frame, optional
            With ``future_covariates``: ``unique_id``, ``ds`` and these columns for the `horizon` steps that follow.
        quantiles : float or sequence of float, optional
            Shares, such as ``[0.1, 0.5, 0.9]``: the values below which these shares of the actual values lie. They are
            the ends of the intervals of ``level`` (that of 80 % ends at 0.1 and 0.9), and never cross.
        static_df : frame, optional
            As for `fit`; not needed for series of the fit.
        output : path, optional
            Of Parquet files: a new folder for the forecast. It appears whole; until then the finished parts are in a
            hidden folder beside it.
        workers : int, optional
            Of Parquet files: processes. By default one, or as many as `joblib.parallel_config` sets. The result does
            not depend on them.
        resume : bool
            Of Parquet files: continue a run that was killed or interrupted.
        errors : {"raise", "collect"}
            Of data in parts: whether a series that cannot be used is an error, which names its file, row group and row,
            or is left out and listed.

        Returns
        -------
        ndarray (horizon,) or (horizon, D), list of these, or frame
            In the form of the data: a frame has ``unique_id``, future ``ds`` and ``Elman``. With ``level`` a
            frame also has ``Elman-lo-80``, ``Elman-hi-80`` and so on, with ``quantiles`` ``Elman-q-0.1`` and so
            on; an array becomes a dict of arrays with these keys, a list a list of such dicts. For Parquet files the
            path of the folder; with ``errors="collect"`` also a frame of ids, places and messages. For a frame of an
            engine such a frame, computed when its rows are asked for; with ``errors="collect"`` computed at once, and a
            frame of ids and messages.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ArgumentError
            If a parameter was changed after `fit`, or a level or quantile is not possible.
        DataError
            If a value or time stamp cannot be used.
        """
        place = self._place("predict")
        asked = Asked.checked(place, level, quantiles)
        job = Job.checked(place, errors, output, resume, workers)
        with self._reading("predict") as fitted:
            given = fitted.source if data is None else data
            source = partitioned(place, given, *fitted.possible_names)
            if source is not None:
                content = self._content(fitted)
                return forecast_parts(place, self, fitted, content, source, asked, future, static_df, job)
            job.refuse(place)
            panel = read_asked(place, self, fitted, data, future, static_df)
            if data is None:
                return fitted.delivered(place, panel, asked, self.n_threads or 0)
            forecasts = self._forecast_panel(place, panel)
            notice_medians(place, panel, fitted.method, fitted.parameters, forecasts)
            if not asked:
                return panel.deliver(forecasts)
            return deliver(panel, forecasts, self._edges(place, panel, forecasts, asked))

    def update(self, data: Any) -> Self:
        """Append new values to the series of `fit`, so that `predict` continues from them; nothing is learned.

        The prior and the baselines read the whole series again. The states of a network advance by one step per new
        value, so the cost does not depend on the number of earlier values. The forecast has the same bits as after one
        warm-up over the same windows: all of them with ``carry_state``, else those since the start of the warm-up
        before the first update. With ``strategy="recursive"``, ``loss_at="last"`` or covariates known ahead, every
        forecast warms the networks anew on the newest `steps` windows.

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
        >>> model = Forecaster(2, season=4, method="seasonal naive").fit(y[:44])
        >>> model.predict(), model.update(y[44:46]).predict()
        (array([10., 20.]), array([30., 20.]))
        """
        place = self._place("update")
        with self._alone("update") as fitted:
            fitted.need_series(place)
            least = 0 if isinstance(data, list) else 1
            new = read_known(place, self, fitted, data, least, empty=True)
            self._fitted = fitted.updated(place, new, self.missing, self.n_threads or 0)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted forecaster to one file without executable content, for `elman.load`.

        Of data in parts the file has no series: the loaded forecaster needs ``predict(data)``, and a warning says so.
        For parameters and errors see `elman.estimators.Estimator.save`.
        """
        super().save(path)
        if self._fitted.source is not None:
            warnings.warn(
                f"{self._place('save')}: the series are in parts outside memory and not in the file; pass them to "
                "predict after loading.",
                ElmanWarning,
                stacklevel=2,
            )
