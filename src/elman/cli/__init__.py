"""The command ``elman``: one module per subcommand, argument handling only."""

from __future__ import annotations

from elman.cli.entry import main

__all__ = ["main"]
