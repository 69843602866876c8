"""Results as a notebook shows them: small tables in HTML, figures, and curves of training."""

from __future__ import annotations

from elman.notebook.curves import plot_history
from elman.notebook.figures import new_figure
from elman.notebook.html import html_table

__all__ = ["html_table", "new_figure", "plot_history"]
