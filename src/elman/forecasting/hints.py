"""Refuse unknown arguments by name, and say what another library's name for them is called here."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import Any, Self

from elman.errors import ArgumentError

__all__ = ["HINTS", "NamedParameters"]

_SAME = {
    "horizon": "h fh prediction_length output_chunk_length forecast_horizon n_steps_ahead n_forecasts",
    "window and steps": "input_chunk_length context_length input_size lags n_lags window_length lookback seq_len",
    "season": "season_length seasonality seasonal_periods sp seasonal_period m",
    "freq": "frequency",
    "cell": "model rnn_type cell_type unit_type",
    "hidden_size": "hidden_dim encoder_hidden_size units n_units num_cells hidden_units hidden_state_size",
    "num_layers": "n_rnn_layers encoder_n_layers n_layers layers",
    "updates": "n_epochs epochs max_epochs max_steps max_iter num_epochs trainer_kwargs",
    "learning_rate": "lr learning_rate_init optimizer_kwargs",
    "random_state": "seed random_seed",
    "n_seeds": "n_models ensemble_size",
    "transform": "scaler_type scaler scaling local_scaler_type",
    "n_threads": "n_jobs num_workers threads",
    "clip_norm": "gradient_clip_val max_grad_norm gradient_clip",
    "progress": "verbose",
    "loss": "loss_fn criterion objective",
}
HINTS = {other: ours for ours, others in _SAME.items() for other in others.split()}


class NamedParameters:
    """Base of an estimator whose constructor explains unknown keyword arguments."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Check the names before the constructor runs."""
        known = list(inspect.signature(cls.__init__).parameters)[1:]
        for name in kwargs:
            if name not in known:
                raise ArgumentError(_explain(cls.__name__, name, known))
        return super().__new__(cls)

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name and return the estimator itself.

        Parameters
        ----------
        **params
            Names and values as in the constructor.

        Raises
        ------
        ArgumentError
            If a name is unknown; no parameter has been changed then.
        """
        known = list(inspect.signature(type(self).__init__).parameters)[1:]
        for name in params:
            if name not in known:
                raise ArgumentError(_explain(type(self).__name__, name, known))
        for name, value in params.items():
            setattr(self, name, value)
        return self


def _explain(place: str, name: str, known: list[str]) -> str:
    message = f"{place}: there is no argument {name!r}."
    if name in HINTS:
        return f"{message}\n  Hint: {name}: see {HINTS[name]}."
    if close := get_close_matches(name, known, n=1):
        return f"{message}\n  Hint: did you mean {close[0]!r}?"
    return message
