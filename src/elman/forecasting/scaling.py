"""The transform of a series, or of each of its channels, as one object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elman._words import called
from elman.data.scaling import inverse_transform, outside_domain, series_scale, transform
from elman.errors import DataError, Remedy
from elman.forecasting.panel import Panel

__all__ = ["Kind", "Scaling"]

Array = npt.NDArray[np.float64]
Kind: TypeAlias = str | tuple[str, ...]  # a transform, or one per channel


@dataclass(frozen=True)
class Scaling:
    """Transforms of `elman.data.scaling` for series (n,), or for the channels of series (n, D).

    Parameters
    ----------
    kinds : tuple of str
        One per channel.
    flat : bool
        Whether series have no axis of channels, and therefore one kind.

    Examples
    --------
    >>> both = Scaling.of(("log", "scale"))
    >>> z = both.to(np.array([[1.0, 6.0]]), [1.0, 2.0])
    >>> z.tolist(), both.back(z, [1.0, 2.0]).tolist()
    ([[0.0, 3.0]], [[1.0, 6.0]])
    """

    kinds: tuple[str, ...]
    flat: bool

    @classmethod
    def of(cls, kind: Kind) -> Scaling:
        """Make a scaling from a name, or from one name per channel."""
        return cls((kind,), True) if isinstance(kind, str) else cls(tuple(kind), False)

    @property
    def divides(self) -> bool:
        """Whether a series' own scale matters."""
        return "scale" in self.kinds

    @property
    def undivided(self) -> Scaling:
        """The same without the division by a series' scale."""
        return Scaling(tuple("none" if kind == "scale" else kind for kind in self.kinds), self.flat)

    def to(self, values: Array, scale: npt.ArrayLike = 1.0) -> Array:
        """Transform values (…) or (…, D) of one series with its scale () or (D,)."""
        return self._by_channel(transform, values, scale)

    def inside(self, values: Array) -> Array:
        """Transform without a scale; NaN outside the domain."""

        def one(kind: str, own: Array, scale: float) -> Array:
            return transform(kind, np.where(outside_domain(kind, own), np.nan, own), scale)

        return self._by_channel(one, values, 1.0)

    def back(self, z: Array, scale: npt.ArrayLike = 1.0) -> Array:
        """Undo `to`."""
        return self._by_channel(inverse_transform, z, scale)

    def measured(self, panel: Panel) -> Array:
        """Measure each series' scale (S,), or (S, D) of its channels; ones unless the kind is ``"scale"``."""
        if not self.divides:
            return np.ones(len(panel) if self.flat else (len(panel), len(self.kinds)))
        scales = np.array(
            [
                [series_scale(own) if kind == "scale" else 1.0 for kind, own in zip(self.kinds, columns, strict=True)]
                for columns in (values.reshape(len(values), -1).T for values in panel.unmasked)
            ]
        )
        return scales[:, 0] if self.flat else scales

    def holds(self, panel: Panel) -> bool:
        """Return whether all values lie in the domain of the transform."""
        columns = panel.values.reshape(len(panel.values), -1).T
        return not any(outside_domain(kind, own).any() for kind, own in zip(self.kinds, columns, strict=True))

    def check(self, place: str, panel: Panel) -> None:
        """Refuse values outside the domain of the transform chosen in training."""
        for channel, kind in enumerate(self.kinds):
            values = panel.values if self.flat else panel.values[:, channel]
            wrong = outside_domain(kind, values)
            if wrong.any():
                index = int(np.argmax(wrong))
                other = "log1p" if kind == "log" and values.min() >= 0 else "scale"
                name = called("y") if self.flat else f"channel {channel}"
                raise DataError(
                    f'{place}: {name} is {values[index]:.15g} {panel.place(index)}, but the transform "{kind}" needs '
                    f"values {'above' if kind == 'log' else 'of at least'} 0.",
                    Remedy("pass {} to the Forecaster and fit again", "fit again with such values", transform=other),
                )

    def _by_channel(self, one: Callable[[str, Array, float], Array], values: Array, scale: npt.ArrayLike) -> Array:
        scales = np.broadcast_to(np.asarray(scale, dtype=np.float64), len(self.kinds))
        if self.flat:
            return one(self.kinds[0], values, float(scales[0]))
        every = zip(self.kinds, scales, strict=True)
        return np.stack([one(kind, values[..., c], float(own)) for c, (kind, own) in enumerate(every)], axis=-1)
