"""Forecast accuracy on public sets: the parts of ``accuracy.py`` and ``forecast_peers.py``."""
