"""The public attributes of a fitted forecaster, read from its one fitted value."""

from __future__ import annotations

from elman.estimators import Estimator
from elman.forecasting.fitted import Fitted
from elman.forecasting.judgement import Backtest
from elman.forecasting.methods import NetworkMethod
from elman.network import Network
from elman.tables.frequencies import Frequency
from elman.training import History

__all__ = ["Attributes"]


class Attributes(Estimator[Fitted]):
    """Attributes that exist after a fit, documented in `Forecaster`; before, reading one raises AttributeError."""

    @property
    def method_(self) -> str:
        """Name of the delivered method."""
        return self._attribute("method_").label

    @property
    def reason_(self) -> str:
        """Reason for its choice."""
        return self._attribute("reason_").reason

    @property
    def check_(self) -> Backtest | None:
        """The check on held-out values."""
        comparison = self._attribute("check_").comparison
        return None if comparison is None else Backtest.of(comparison)

    @property
    def seasons_(self) -> tuple[int, ...]:
        """Values per season."""
        return self._attribute("seasons_").seasons

    @property
    def freq_(self) -> Frequency | None:
        """Distance between time stamps."""
        return self._attribute("freq_").frequency

    @property
    def networks_(self) -> list[Network]:
        """The ensemble."""
        return list(self._network("networks_").networks)

    @property
    def history_(self) -> list[History]:
        """Training history of each network."""
        return list(self._network("history_").history)

    @property
    def window_(self) -> int:
        """Values seen per step."""
        return self._network("window_").recipe.window

    @property
    def updates_(self) -> int:
        """Gradient steps."""
        return self._network("updates_").updates

    @property
    def transform_(self) -> str | tuple[str, ...]:
        """The transform, or that of each channel."""
        return self._network("transform_").recipe.transform

    @property
    def window_scores_(self) -> dict[int, float]:
        """Error by window tried."""
        return self._network("window_scores_").choice.window_scores

    @property
    def updates_scores_(self) -> dict[int, float]:
        """Error by number of updates tried."""
        return self._network("updates_scores_").choice.updates_scores

    @property
    def validation_scores_(self) -> dict[int, float]:
        """Error by update during training."""
        return self._network("validation_scores_").validation_scores

    def _network(self, name: str) -> NetworkMethod:
        """Return the network, for an attribute that does not exist without one."""
        fitted = self._attribute(name)
        if fitted.network is None:
            raise AttributeError(
                f'Forecaster.{name}: there is no network, the {fitted.label} is delivered; method="network" trains one.'
            )
        return fitted.network
