"""Training settings, as one frozen value that is checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from elman import _check
from elman.errors import ArgumentError, UnsupportedError
from elman.training.schedules import Constant, Cosine, Plateau, Schedule, Step

_PLACE = "Settings"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of `Trainer`: loss, optimizer, schedule, and when to stop.

    Parameters
    ----------
    updates : int
        Length of the run and of its schedule.
    loss : str
        ``"half_squared_error"``, ``"mean_squared_error"``, ``"mean_absolute_error"``, ``"huber"``, ``"pinball"``,
        ``"binary_cross_entropy"`` or ``"categorical_cross_entropy"``.
    loss_parameter : float, optional
        Delta of ``"huber"`` (1 if not given), quantile of ``"pinball"`` (0.5 if not given).
    reduction : {"mean", "sum"}
        Mean over sequences, valid steps and components, or their sum.
    optimizer : {"adam", "rmsprop", "sgd"}
        With ``weight_decay``, Adam is AdamW.
    learning_rate : float
        Before the schedule's factor.
    momentum, nesterov : float, bool
        Of SGD.
    decay : float
        Of RMSprop's squares.
    beta_1, beta_2 : float
        Of Adam.
    epsilon : float
        Of RMSprop and Adam.
    weight_decay : float
        Of SGD and Adam.
    schedule : Constant, Step, Cosine or Plateau
        Factor on the learning rate.
    clip_norm : float, optional
        Maximum gradient norm: Euclidean, over all parameters.
    clip_value : float, optional
        Maximum absolute value of a gradient component; applied before ``clip_norm``.
    bptt_depth : {None, 1}
        None follows every path through time within a batch.
    recompute : int, optional
        Keep the state every so many steps and recompute the rest in the backward pass: less memory for long sequences,
        the same bits. See `Network.forward_segments`.
    validate_every : int, optional
        Updates between validations; an epoch if not given.
    patience : int, optional
        Stop after that many validations without a better score.
    min_delta : float
        Minimum decrease of a better score, for ``patience``.
    average : float, optional
        Decay per update of a running mean of the parameters (Polyak & Juditsky 1992): `Trainer.average`. The network
        keeps the parameters themselves.
    seed : int
        Of the dropout masks.
    n_threads : int
        0: the engine's default. Results do not depend on it.

    Raises
    ------
    ArgumentError
        If a value is outside its range or belongs to another optimizer or loss.
    UnsupportedError
        If ``bptt_depth`` is neither None nor 1.

    Examples
    --------
    >>> Settings(updates=100, optimizer="sgd", learning_rate=0.1, momentum=0.9).momentum
    0.9
    """

    updates: int
    loss: str = "mean_squared_error"
    loss_parameter: float | None = None
    reduction: str = "mean"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    nesterov: bool = False
    decay: float = 0.9
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    schedule: Schedule = field(default_factory=Constant)
    clip_norm: float | None = None
    clip_value: float | None = None
    bptt_depth: int | None = None
    recompute: int | None = None
    validate_every: int | None = None
    patience: int | None = None
    min_delta: float = 0.0
    average: float | None = None
    seed: int = 0
    n_threads: int = 0

    def __post_init__(self) -> None:
        self._check_loss()
        self._check_optimizer()
        _check.positive_integer(_PLACE, "updates", self.updates)
        if not isinstance(self.schedule, Constant | Step | Cosine | Plateau):
            raise ArgumentError(
                f"{_PLACE}: schedule must be a Constant, Step, Cosine or Plateau, got {self.schedule!r}.\n"
                "  Hint: named_schedule() makes one from its name."
            )
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                _check.number_in(_PLACE, name, getattr(self, name), "(0, inf)")
        for name in ("recompute", "validate_every", "patience"):
            if getattr(self, name) is not None:
                _check.positive_integer(_PLACE, name, getattr(self, name))
        if self.bptt_depth not in (None, 1):
            raise UnsupportedError(f"{_PLACE}: bptt_depth must be None or 1, got {self.bptt_depth!r}.")
        if self.average is not None:
            _check.number_in(_PLACE, "average", self.average, "[0, 1)")
        _check.number_in(_PLACE, "min_delta", self.min_delta, "[0, inf)")
        _check.integer(_PLACE, "seed", self.seed, 0, 2**63 - 1)
        _check.thread_count(_PLACE, self.n_threads, 0)

    def _check_loss(self) -> None:
        _check.choice(_PLACE, "loss", self.loss, _check.LOSSES)
        _check.choice(_PLACE, "reduction", self.reduction, _check.REDUCTIONS)
        _check.loss_parameter(_PLACE, self.loss, self.loss_parameter)

    def _check_optimizer(self) -> None:
        _check.choice(_PLACE, "optimizer", self.optimizer, tuple(_check.OPTIMIZERS))
        _check.number_in(_PLACE, "learning_rate", self.learning_rate, "(0, inf)")
        for name, option in _OPTIONS.items():
            option.checked(_PLACE, name, getattr(self, name))
            if name not in _check.OPTIMIZERS[self.optimizer].options and getattr(self, name) != option.default:
                raise ArgumentError(f"{_PLACE}: optimizer={self.optimizer!r} takes no {name}.")

    def optimizer_options(self) -> dict[str, float]:
        """Return the settings that are the optimizer's own, in its order."""
        return {name: getattr(self, name) for name in _check.OPTIMIZERS[self.optimizer].options}


_OPTIONS = {name: option for kind in _check.OPTIMIZERS.values() for name, option in kind.options.items()}
