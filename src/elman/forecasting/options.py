"""Check a forecaster's parameters and translate them into an architecture and training settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from elman import _check
from elman._words import called
from elman.data.scaling import TRANSFORMS
from elman.errors import ArgumentError, Remedy, UnsupportedError
from elman.estimators import (
    COMMON,
    Choice,
    Column,
    Columns,
    Count,
    Number,
    Parameter,
    Switch,
    Table,
    check_table,
    defaults_of,
    same,
    values_of,
)
from elman.forecasting.baselines import BASELINES
from elman.forecasting.calendar import AUTO, FEATURES, check_country
from elman.forecasting.distributions import DISTRIBUTIONS
from elman.forecasting.heads import Head, head_of
from elman.forecasting.inputs import Inputs, series_column
from elman.forecasting.intervals import check_quantiles
from elman.forecasting.missing import MISSING
from elman.forecasting.parameters import NETWORK_ONLY, Parameters
from elman.forecasting.recipe import Recipe
from elman.network import Architecture
from elman.tables.frequencies import frequency_text, read_frequency
from elman.training import Constant, Cosine, Settings
from elman.training.jobs import inside_task

__all__ = [
    "METHODS",
    "TABLE",
    "ahead_of",
    "architecture_of",
    "check_parameters",
    "covariates_of",
    "for_task",
    "head_for",
    "inputs_of",
    "least_values",
    "names_of",
    "past_of",
    "settings_of",
]

Given = TypeVar("Given", bound=Parameters)

METHODS = ("auto", "prior", "tuned", "network", "counts", *BASELINES)

LOSSES = {
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "huber": "huber",
    "half_squared_error": "half_squared_error",
}


@dataclass(frozen=True, kw_only=True)
class _Frequency(Parameter):
    """A frequency in pandas' form; the fit checks it against the time stamps."""

    def plain(self, value: Any) -> Any:
        return frequency_text(super().plain(value))

    def parsed(self, value: Any) -> Any:
        return read_frequency(value) if isinstance(value, str) and value.startswith("months:") else value


@dataclass(frozen=True, kw_only=True)
class _File(Parameter):
    """A path, or None."""

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse anything else."""
        if value is not None and not isinstance(value, str | os.PathLike):
            raise ArgumentError(f"{place}: {name} must be the path of a saved Forecaster, got {_check.show(value)}.")

    def plain(self, value: Any) -> Any:
        return None if value is None else os.fspath(value)


@dataclass(frozen=True, kw_only=True)
class Calendar(Parameter):
    """True, False, or names of features of the time stamps."""

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse any other value."""
        if isinstance(value, bool):
            return
        if not isinstance(value, list | tuple) or not value or len(set(map(str, value))) < len(value):
            listed = ", ".join(FEATURES)
            raise ArgumentError(f"{place}: {name} must be True, False or a list of {listed}, got {_check.show(value)}.")
        for feature in value:
            _check.choice(place, name, feature, tuple(FEATURES))


@dataclass(frozen=True, kw_only=True)
class Country(Parameter):
    """The code of a country, or None; `check_country` compares it with the package ``holidays``."""

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse anything but a string."""
        if value is not None and not isinstance(value, str):
            raise ArgumentError(
                f'{place}: {name} must be the code of a country such as "DE", got {_check.show(value)}.'
            )


@dataclass(frozen=True, kw_only=True)
class _Shares(Parameter):
    """A list of quantiles to learn, or None."""

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse shares that are no quantiles on both sides of a median, or too close to 0 or 1 to be learned."""
        if value is None:
            return
        shares = check_quantiles(place, value)
        if shares == [0.5] or not all(_LEAST_SHARE <= share <= 1 - _LEAST_SHARE for share in shares):
            raise ArgumentError(
                f"{place}: {name} must hold a share other than 0.5, and shares from {_LEAST_SHARE:g} to "
                f"{1 - _LEAST_SHARE:g}, got {_check.show(value)}."
            )
        _check.at_most(place, {f"number of {name}": len(shares)}, {f"number of {name}": _MOST_SHARES})


_LEAST_SHARE, _MOST_SHARES = 1e-4, 199

_WINDOWS = "input_chunk_length context_length input_size lags n_lags window_length lookback seq_len"

TABLE: Table = {
    "horizon": Count(
        most=2**20, others="h fh prediction_length output_chunk_length forecast_horizon n_steps_ahead n_forecasts"
    ),
    "method": Choice(options=METHODS),
    "base": _File(others="pretrained_model pretrained ckpt_path base_model warm_start"),
    "season": Parameter(others="season_length seasonality seasonal_periods sp seasonal_period m"),
    "freq": _Frequency(others="frequency"),
    "window": Count(most=2**20, auto=True, others=_WINDOWS),
    "steps": Count(others=_WINDOWS),
    "cell": COMMON["cell"],
    "hidden_size": COMMON["hidden_size"].also("encoder_hidden_size num_cells hidden_state_size"),
    "num_layers": COMMON["num_layers"].also("n_rnn_layers encoder_n_layers"),
    "activation": COMMON["activation"],
    "bias": Switch(),
    "linear_skip": Switch(),
    "strategy": Choice(options=("multi_output", "recursive")),
    "loss": Choice(options=tuple(LOSSES), others="loss_fn criterion objective"),
    "loss_at": Choice(options=("every", "last")),
    "quantiles": _Shares(others="likelihood quantile_levels"),
    "distribution": Choice(
        options=tuple(DISTRIBUTIONS), optional=True, others="likelihood distr_output distribution_output"
    ),
    "carry_state": Switch(),
    "bptt_depth": Parameter(),
    "transform": Choice(options=("auto", *TRANSFORMS), others="scaler_type scaler scaling local_scaler_type"),
    "center": Choice(options=("season", "last", "none")),
    "init": COMMON["init"],
    "optimizer": COMMON["optimizer"],
    "learning_rate": COMMON["learning_rate"].also("learning_rate_init optimizer_kwargs"),
    "schedule": COMMON["schedule"],
    "updates": Count(
        most=10**9,
        auto=True,
        others="n_epochs epochs max_epochs max_steps max_iter num_epochs trainer_kwargs",
    ),
    "batch_size": COMMON["batch_size"],
    "clip_norm": COMMON["clip_norm"].also("gradient_clip"),
    "dropout": COMMON["dropout"],
    "ensemble_size": COMMON["ensemble_size"],
    "intervals": Count(auto=True, optional=True),
    "validation": Switch(optional=True),
    "past_covariates": Columns(others="hist_exog_list past_feat_dynamic_real"),
    "future_covariates": Columns(others="futr_exog_list feat_dynamic_real"),
    "static_covariates": Columns(others="stat_exog_list feat_static_real feat_static_cat static_features"),
    "series_covariates": Columns(hold="names of series as text"),
    "calendar": Calendar(others="add_encoders date_features time_features add_date_info_columns"),
    "holidays": Country(others="country_holidays add_country_holidays holidays_prior_scale"),
    "weight": Column(optional=True, others="sample_weight sample_weights weights"),
    "half_life": Number(interval="(0, inf)", optional=True),
    "censored": Column(optional=True, others="available_mask"),
    "missing": Choice(options=MISSING, others="imputation_method fill_missing dummy_value"),
    "cutoffs": Count(auto=True, zero=True, others="n_windows n_folds n_splits"),
    "refit": Switch(),
    "random_state": COMMON["random_state"],
    "n_threads": COMMON["n_threads"],
    "progress": COMMON["progress"],
}

_MOST_STEPS = 2**14  # of a recursive forecast; each is one pass of the networks


def check_parameters(place: str, parameters: Parameters) -> None:
    """Refuse invalid values of parameters, single or in combination.

    Raises
    ------
    ArgumentError
        Naming the parameter, its possible values and its value.
    UnsupportedError
        If ``bptt_depth`` is neither None nor 1.
    """
    values = values_of(parameters)
    check_table(place, TABLE, values)
    if values["strategy"] == "recursive":
        _check.at_most(place, values, {"horizon": _MOST_STEPS})
    _check_covariates(place, parameters)
    if values["carry_state"] and values["loss_at"] == "last":
        raise ArgumentError(f'{place}: carry_state=True goes with loss_at="every" alone.')
    if values["loss_at"] == "last" and values["center"] != "none" and same(values["window"], 1):
        raise ArgumentError(
            f'{place}: window=1 with loss_at="last" and center="{values["center"]}" leaves the network nothing but '
            "zeros: the center of a window of one value is that value, and it is subtracted.",
            Remedy("pass {} for the lags as they are", center="none"),
            Remedy("take a window of a season"),
        )
    if values["bptt_depth"] not in (None, 1):
        raise UnsupportedError(f"{place}: bptt_depth must be None or 1, got {values['bptt_depth']!r}.")
    _check_head(place, parameters)
    _check_method(place, parameters)


def _check_head(place: str, parameters: Parameters) -> None:
    """Refuse what does not go with a network that predicts quantiles or a distribution."""
    head = head_for(parameters)
    if head is None:
        return
    name = "distribution" if parameters.quantiles is None else "quantiles"
    if parameters.quantiles is not None and parameters.distribution is not None:
        raise ArgumentError(
            f"{place}: {called('quantiles')} and {called('distribution')} are two ways to predict; pass one of them."
        )
    if parameters.strategy == "recursive":
        raise ArgumentError(
            f'{place}: {name} goes with strategy="multi_output" alone: the errors of forecasts that are fed back add '
            "up, and the distribution of one step does not contain them.",
            Remedy(strategy="multi_output"),
            Remedy("pass {} in its place, for quantiles and paths from past errors", intervals="auto"),
        )
    if parameters.loss != "mae":
        raise ArgumentError(f'{place}: {name} has a loss of its own, so loss="{parameters.loss}" does not go with it.')
    if head.counts and parameters.transform not in ("auto", "log1p"):
        raise ArgumentError(
            f'{place}: the distribution "{parameters.distribution}" is for counts and reads them as log(1 + y); '
            f'transform="{parameters.transform}" does not go with it.',
            Remedy(transform="auto"),
        )


def head_for(parameters: Parameters) -> Head | None:
    """Return the head of the network; None if it predicts points."""
    shares = parameters.quantiles
    return head_of(None if shares is None else check_quantiles("quantiles", shares), parameters.distribution)


def _check_method(place: str, parameters: Parameters) -> None:
    """Refuse parameters that the given method does not use."""
    method = parameters.method
    if parameters.base is not None and (method not in ("auto", "prior", "tuned") or covariates_of(parameters)):
        used = f'the method "{method}"' if method != "auto" else f"covariates ({', '.join(covariates_of(parameters))})"
        raise ArgumentError(f"{place}: base holds a prior, and {used} cannot use it.", Remedy("leave {} out", base=...))
    if method == "network":
        return
    if method != "auto" and (names := covariates_of(parameters)):
        raise ArgumentError(
            f'{place}: the method "{method}" forecasts each series alone and cannot use the '
            f"covariates {', '.join(names)}.",
            Remedy(method="auto"),
            Remedy(method="network"),
            Remedy("leave them out"),
        )
    defaults = defaults_of(parameters)
    for name in NETWORK_ONLY:
        value = getattr(parameters, name)
        if not same(value, defaults[name]):
            shown = f'"{value}"' if isinstance(value, str) else repr(value)
            raise ArgumentError(
                f'{place}: {called(name)} {shown} belongs to the method "network", and the method is "{method}".',
                Remedy(method="network"),
                Remedy("leave {} out", **{name: ...}),
            )


def least_values(parameters: Parameters) -> int:
    """Return the minimum length of a series: two for the network, one for pretrained methods and baselines."""
    return 2 if parameters.method == "network" or covariates_of(parameters) else 1


def ahead_of(parameters: Parameters) -> int:
    """Return the number of values that the network forecasts per step: one if forecasts enter the next window."""
    return 1 if parameters.strategy == "recursive" else int(parameters.horizon)


def names_of(columns: Any) -> tuple[str, ...]:
    """Return names of columns from a list, an array or a pandas Index; none for None.

    Examples
    --------
    >>> names_of(["price", "heat"]), names_of(None)
    (('price', 'heat'), ())
    """
    return () if columns is None else tuple(str(name) for name in columns)


def covariates_of(parameters: Parameters) -> tuple[str, ...]:
    """Name all that the network alone sees beside the series: columns, the calendar, holidays, masks."""
    inputs = inputs_of(parameters)
    made = ["calendar"] * bool(inputs.calendar) + ["holidays"] * (inputs.holidays is not None)
    made += ["mask of missing values"] * (parameters.missing == "mask")
    return (*inputs.read, *made)


def inputs_of(parameters: Parameters) -> Inputs:
    """Return what the parameters declare beside the series; columns of categories are not known before the data."""
    calendar = parameters.calendar
    return Inputs(
        past_of(parameters),
        names_of(parameters.future_covariates),
        parameters.holidays,
        names_of(parameters.static_covariates),
        (AUTO,) * calendar if isinstance(calendar, bool) else names_of(calendar),
        parameters.weight,
        parameters.censored,
        names_of(parameters.series_covariates),
    )


def past_of(parameters: Parameters) -> tuple[str, ...]:
    """Name the columns of which only the past is known; the network sees which values were censored."""
    censored = () if parameters.censored is None else (parameters.censored,)
    others = map(series_column, names_of(parameters.series_covariates))
    return (*names_of(parameters.past_covariates), *censored, *others)


def _check_covariates(place: str, parameters: Parameters) -> None:
    """Refuse a column named twice, and forecasts that would need unknown covariates."""
    columns = inputs_of(parameters).read
    for column in columns:
        if columns.count(column) > 1 or column in ("unique_id", "ds", "y"):
            raise ArgumentError(f"{place}: {column!r} cannot be a covariate twice, nor if it is unique_id, ds or y.")
    if parameters.weight in ("unique_id", "ds", "y"):
        raise ArgumentError(f"{place}: weight must name a further column, got {parameters.weight!r}.")
    if parameters.holidays is not None:
        check_country(place, parameters.holidays)
    past = past_of(parameters)
    if past and parameters.strategy == "recursive":
        raise ArgumentError(
            f'{place}: strategy="recursive" would need the future of {", ".join(past)}. '
            'Name them as future_covariates if it is known, or take strategy="multi_output".'
        )


def for_task(parameters: Given, n_threads: int | None) -> Given:
    """Return a copy for a task of `elman.training.run_all`: with its threads, and without a bar in a worker."""
    return replace(parameters, n_threads=n_threads, progress=parameters.progress and not inside_task())


def architecture_of(parameters: Parameters, recipe: Recipe) -> Architecture:
    """Describe the network: a window in, the horizon out at every step, or after the last."""
    last = parameters.loss_at == "last"
    return Architecture(
        input_size=recipe.input_size,
        output_size=recipe.output_size,
        cell=parameters.cell,
        hidden_size=parameters.hidden_size,
        num_layers=parameters.num_layers,
        activation=parameters.activation if parameters.cell == "rnn" else "tanh",
        bias=parameters.bias,
        readout="last" if last else "every",
        linear_skip=parameters.linear_skip,
        skip_steps=recipe.steps if last and parameters.linear_skip else 1,
        dropout=float(parameters.dropout),
    )


def settings_of(parameters: Parameters, updates: int, seed: int) -> Settings:
    """Describe the training of one member of the ensemble."""
    return Settings(
        updates=updates,
        loss=LOSSES[parameters.loss],
        reduction="sum" if parameters.loss == "half_squared_error" else "mean",
        optimizer=parameters.optimizer,
        learning_rate=float(parameters.learning_rate),
        schedule=Cosine() if parameters.schedule == "cosine" else Constant(),
        clip_norm=parameters.clip_norm,
        bptt_depth=parameters.bptt_depth,
        seed=seed,
    )
