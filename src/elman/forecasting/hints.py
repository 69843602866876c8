"""What other libraries call the forecaster's parameters."""

from __future__ import annotations

__all__ = ["HINTS"]

_SAME = {
    "past_covariates": "hist_exog_list past_feat_dynamic_real",
    "future_covariates": "futr_exog_list feat_dynamic_real",
    "cutoffs": "n_windows n_folds n_splits",
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
