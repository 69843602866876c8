"""Data preparation: windows, transforms, and a few small shipped series."""
