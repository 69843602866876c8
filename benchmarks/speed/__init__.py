"""Parts of the speed comparison: shapes and bars, timing, one module per library, one per kind of work."""
