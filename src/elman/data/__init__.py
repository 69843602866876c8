"""Data before any network: windows, transforms, and a few small series that come with the package."""
