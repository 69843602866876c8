"""polars crashes under ThreadSanitizer when it is imported; these tests do without it, as most installations do."""

from __future__ import annotations

import sys


class NoPolars:
    """An importer that knows of no polars."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Refuse that one name, and leave the others to the importers that follow."""
        if name == "polars":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, NoPolars)  # type: ignore[arg-type]
