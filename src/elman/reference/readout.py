"""A readout that mixes simple forecasts into quantiles that cannot cross, and the loss of quantiles.

There are J steps ahead, B simple forecasts for each, and Q quantiles, the middle one the median.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference.activations import sigmoid, softplus_forward


def mixing_readout_forward(o: npt.ArrayLike, b: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    """Mix simple forecasts into a median, and place the other quantiles around it with gaps of at least 0.

    For every step ahead, with K = B + Q + 2 outputs of a network, M = (Q − 1) / 2 and i = 0 … Q−2::

        q_M     = Σ_j o_j b_j + o_B + o_{B+1} √k + o_{B+2} k            the median; j = 0 … B−1
        g_i     = softplus(o_{B+3+i}) (1 + √k) / 2                      the gap between quantiles i and i+1
        q_i     = q_{i+1} − g_i                                         downwards, i = M−1 … 0
        q_{i+1} = q_i + g_i                                             upwards, i = M … Q−2

    Parameters
    ----------
    o : array_like (..., J, B+Q+2)
        Outputs of a network for every step ahead. Q follows from the shape and must be odd.
    b : array_like (..., J, B)
        Simple forecasts for every step ahead.
    k : array_like (J,)
        Steps ahead, real numbers of at least 1.

    Returns
    -------
    q : ndarray (..., J, Q)
        Quantiles, float64; q_0 ≤ q_1 ≤ … ≤ q_{Q−1}.

    Raises
    ------
    ShapeError
        If the leading axes, J or B disagree between arguments, or Q is not odd and positive.
    DataError
        If a step ahead is below 1 or not finite; the message names its position.

    Notes
    -----
    The forecast errors of a random walk grow like √k. A network of constant outputs gives such quantiles.

    Examples
    --------
    One forecast, three quantiles, one step ahead: the median is 2 · 5 + 1 + 3 + 4, both gaps are softplus(0) = ln 2.

    >>> mixing_readout_forward([[2.0, 1.0, 3.0, 4.0, 0.0, 0.0]], [[5.0]], [1.0]).round(4)
    array([[17.3069, 18.    , 18.6931]])
    """
    o, b, k = _check.mixing_readout_forward("mixing_readout_forward", np.float64, o, b, k)
    B = b.shape[-1]
    Q = o.shape[-1] - B - 2
    M, root = Q // 2, np.sqrt(k)
    gaps = softplus_forward(o[..., B + 3 :]) * (1 + root[:, np.newaxis]) / 2

    q = np.empty((*o.shape[:-1], Q))
    q[..., M] = (o[..., :B] * b).sum(axis=-1) + o[..., B] + o[..., B + 1] * root + o[..., B + 2] * k
    for i in range(M - 1, -1, -1):
        q[..., i] = q[..., i + 1] - gaps[..., i]
    for i in range(M, Q - 1):
        q[..., i + 1] = q[..., i] + gaps[..., i]
    return q


def mixing_readout_backward(dq: npt.ArrayLike, o: npt.ArrayLike, b: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    """Take the gradient back through `mixing_readout_forward` to the outputs of the network.

    The median shifts every quantile; a gap shifts the quantiles beyond it::

        dq_M*      = Σ_i dq_i
        do_j       = dq_M* b_j      do_B = dq_M*      do_{B+1} = dq_M* √k      do_{B+2} = dq_M* k
        dg_i       = −Σ_{l ≤ i} dq_l  for i < M       Σ_{l > i} dq_l  for i ≥ M
        do_{B+3+i} = dg_i (1 + √k) / 2 σ(o_{B+3+i})

    Parameters
    ----------
    dq : array_like (..., J, Q)
        ∂L/∂q.
    o, b, k
        As given to `mixing_readout_forward`. The simple forecasts ``b`` are data: they get no gradient.

    Returns
    -------
    do : ndarray (..., J, B+Q+2)
        ∂L/∂o, float64.

    Raises
    ------
    ShapeError, DataError
        As `mixing_readout_forward`; also if ``dq`` does not have the shape of the quantiles.

    Examples
    --------
    >>> o, b = [[2.0, 1.0, 3.0, 4.0, 0.0, 0.0]], [[5.0]]
    >>> mixing_readout_backward([[1.0, 10.0, 100.0]], o, b, [4.0])  # (1 + √4) / 2 σ(0) = 0.75
    array([[555.  , 111.  , 222.  , 444.  ,  -0.75,  75.  ]])
    """
    dq, o, b, k = _check.mixing_readout_backward("mixing_readout_backward", np.float64, dq, o, b, k)
    B, Q = b.shape[-1], dq.shape[-1]
    M, root = Q // 2, np.sqrt(k)
    d_median = dq.sum(axis=-1)

    do = np.empty_like(o)
    do[..., :B] = d_median[..., np.newaxis] * b
    do[..., B], do[..., B + 1], do[..., B + 2] = d_median, d_median * root, d_median * k
    for i in range(Q - 1):
        d_gap = -dq[..., : i + 1].sum(axis=-1) if i < M else dq[..., i + 1 :].sum(axis=-1)
        do[..., B + 3 + i] = d_gap * (1 + root) / 2 * sigmoid(o[..., B + 3 + i])
    return do


def quantile_loss(
    q: npt.ArrayLike,
    y: npt.ArrayLike,
    levels: npt.ArrayLike,
    importance: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
) -> tuple[float, Array]:
    """Return the pinball loss of several quantiles of one target and its derivative, reduced.

    With τ_i the level of quantile i, a_i its importance and w the weight of the row, every term is ::

        a_i w τ_i (y − q_i)         derivative −a_i w τ_i         if y > q_i
        a_i w (1−τ_i) (q_i − y)     derivative a_i w (1−τ_i)      if y < q_i

    Parameters
    ----------
    q : array_like (..., Q)
        Quantiles, in the order of ``levels``.
    y : array_like (...)
        Targets, one per row.
    levels : array_like (Q,)
        τ, strictly between 0 and 1 and increasing.
    importance : array_like (Q,), optional
        a, one number per quantile, at least 0; None is ones.
    weight : array_like (...), optional
        w, one number per row, at least 0; None is ones.
    reduction : {"mean", "sum"}
        Whether to divide by Σ_i a_i · Σ w.

    Returns
    -------
    loss : float
    dq : ndarray (..., Q)
        ∂loss/∂q, float64; taken as 0 where y = q.

    Raises
    ------
    ShapeError
        If the shapes of the arguments disagree.
    ArgumentError
        If the levels do not increase strictly between 0 and 1, or the reduction is unknown.
    DataError
        If an importance or a weight is negative or not finite; the message names its position.

    Notes
    -----
    Equals `pinball` with one weight a_i w per component: the mean divides by the sum of these weights, and a component
    of weight 0 is not read. If every weight is 0, the loss and the derivative are 0.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles. Econometrica 46(1).

    Examples
    --------
    >>> quantile_loss([[1.0, 4.0]], [3.0], [0.25, 0.75], reduction="sum")  # 0.25 · 2 + 0.25 · 1
    (0.75, array([[-0.25,  0.25]]))
    """
    q, y, levels, importance, weight, reduction = _check.quantile_loss(
        "quantile_loss", np.float64, q, y, levels, importance, weight, reduction
    )
    w = np.ones(y.shape) if weight is None else weight
    a = np.ones(levels.shape) if importance is None else importance
    w = w[..., np.newaxis] * a  # (..., Q)
    total = w.sum() if reduction == "mean" else 1.0
    if total == 0.0:
        return 0.0, np.zeros_like(q)
    e = y[..., np.newaxis] - q
    terms = np.where(e > 0, levels * e, (levels - 1) * e)
    d_terms = np.where(e > 0, -levels, np.where(e < 0, 1 - levels, 0.0 * e))
    return float(np.where(w > 0, w * terms, 0.0).sum() / total), np.where(w > 0, w * d_terms, 0.0) / total
