"""Forecast accuracy on public sets: the pieces of ``accuracy.py`` and ``forecast_peers.py``."""
