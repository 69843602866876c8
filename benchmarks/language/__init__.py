"""Parts of the peers of text.py."""

from __future__ import annotations

import torch

DEFAULT_THREADS = torch.get_num_threads()  # before a module of ours sets it
