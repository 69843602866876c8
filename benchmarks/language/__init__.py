"""What the peers of text.py are made of."""

from __future__ import annotations

import torch

DEFAULT_THREADS = torch.get_num_threads()  # before a module of ours sets it
