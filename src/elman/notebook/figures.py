"""Figures of matplotlib that a notebook shows by themselves, without pyplot."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from elman._extras import need

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ELMAN", "GRID", "INK", "MUTED", "OTHER", "as_bytes", "new_figure"]

INK, MUTED, ELMAN, OTHER, GRID = "#1f2933", "#7b8794", "#1668b8", "#d9822b", "#eef2f6"


def new_figure(size: tuple[float, float], dpi: int = 130) -> Figure:
    r"""Return an empty figure that is drawn without a window.

    Parameters
    ----------
    size : (float, float)
        Width and height in inches.
    dpi : int
        Dots per inch.

    Returns
    -------
    matplotlib.figure.Figure
        It stands for itself at the end of a notebook's cell; ``savefig`` writes it to a file.

    Examples
    --------
    >>> figure = new_figure((4.0, 3.0))
    >>> figure._repr_png_()[:4]
    b'\x89PNG'
    """
    need("plot", "matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Shown(Figure):
        """A figure with a PNG for IPython, which shows `Figure` only after an import of pyplot."""

        def _repr_png_(self) -> bytes:
            return as_bytes(self)

    figure = Shown(figsize=size, dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def as_bytes(figure: Figure, form: str = "png") -> bytes:
    """Return a figure as a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Figure to write.
    form : {"png", "svg", "pdf"}
        Kind of the file. The same figure gives the same bytes.

    Examples
    --------
    >>> as_bytes(new_figure((1.0, 1.0)), "pdf")[:4]
    b'%PDF'
    """
    from matplotlib import rc_context

    metadata: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "elman"}):
        figure.savefig(buffer, format=form, metadata=metadata.get(form))
    return buffer.getvalue()
