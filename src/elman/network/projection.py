"""The projection of an LSTM's states."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding, Call

Array = npt.NDArray[Any]


class Projection:
    """The projection of one layer and direction.

    With W_p (H, P) and W_h (P, 4H) an LSTM with projection computes::

        r_t = h_t W_p
        a_t = x_t W_x + r_{t-1} W_h + b = x_t W_x + h_{t-1} (W_p W_h) + b

    So the states h are those of an LSTM without projection and the recurrent weights W_p W_h, which the kernels run. By
    the chain rule, with Δ the gradient of that product, dW_h = W_pᵀ Δ and dW_p = Δ W_hᵀ + Σ_t h_tᵀ dr_t.

    Parameters
    ----------
    binding : Binding
        Of the tape.
    prefix : str
        Of the names of the layer and direction.

    Attributes
    ----------
    product, d_product : ndarray (H, 4H)
        W_p W_h, and its gradient.
    """

    def __init__(self, binding: Binding, prefix: str) -> None:
        take, T, N = binding.workspace.array, binding.steps, binding.rows
        self._W_p, self._W_h = binding.parameters[prefix + "W_p"], binding.parameters[prefix + "W_h"]
        (H, P), columns = self._W_p.shape, self._W_h.shape[1]
        self.product = take(prefix + "product", H, columns)
        self._r, self._last = take(prefix + "r", T, N, P), take(prefix + "r_last", N, P)
        if binding.gradients is not None:
            self._dW_p, self._dW_h = binding.gradients[prefix + "W_p"], binding.gradients[prefix + "W_h"]
            self.d_product = take(prefix + "d_product", H, columns)
            self._dh, self._dh_last = take(prefix + "dr_dh", T, N, H), take(prefix + "dr_dh_last", N, H)

    def multiply(self, call: Call) -> None:
        """Compute the product for the parameters of now."""
        kernels.dense_forward(self._W_p, self._W_h, None, self.product, False, call.n_threads)

    def forward(self, h: Array, call: Call) -> Array:
        """Return r of the states h: (T, N, P) of every step, or (N, P) of the last ones."""
        r = self._r if h.ndim == 3 else self._last
        kernels.dense_forward(_rows(h), self._W_p, None, _rows(r), False, call.n_threads)
        return r

    def transposed(self) -> Array:
        """Return W_pᵀ (P, H)."""
        return np.ascontiguousarray(self._W_p.T)

    def begin_backward(self, call: Call) -> None:
        """Set the gradient of W_p to zero, to which the others add, unless it continues that of later steps."""
        if not call.accumulate:
            self._dW_p[...] = 0.0

    def backward(self, dr: Array, h: Array, call: Call) -> Array:
        """Return the gradient of h from that of its r."""
        dh = self._dh if h.ndim == 3 else self._dh_last
        kernels.dense_backward(_rows(dr), _rows(h), self._W_p, _rows(dh), self._dW_p, None, False, True, call.n_threads)
        return dh

    def end_backward(self, call: Call) -> None:
        """Share the gradient of the product out to W_p and W_h, once it holds all steps."""
        if not call.more:
            kernels.dense_backward(
                self.d_product, self._W_p, self._W_h, self._dW_p, self._dW_h, None, True, False, call.n_threads
            )


def _rows(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])
