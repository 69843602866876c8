"""The measured shapes, and their numbers of floating point operations."""

from __future__ import annotations

from dataclasses import dataclass

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@dataclass(frozen=True)
class Shape:
    """T steps of N sequences with D inputs through layers of H hidden units."""

    cell: str
    T: int
    N: int
    D: int
    H: int
    layers: int = 1
    note: str = ""

    @property
    def gates(self) -> int:
        """Blocks of H columns in W_x and W_h."""
        return GATES[self.cell]

    @property
    def name(self) -> str:
        """Name in the tables: the cell and T, N, D, H."""
        times = f"{self.layers}×" if self.layers > 1 else ""
        return f"{times}{self.cell.upper()} {self.T},{self.N},{self.D},{self.H}"

    def width(self, layer: int) -> int:
        """Inputs of a layer."""
        return self.D if layer == 0 else self.H

    def operations(self, task: str) -> int:
        """Count additions and multiplications of the matrix products; element-wise work is not counted.

        Forward: x W_x and h W_h. The training step adds dW_x = xᵀ da, dW_h = hᵀ da and dh = da W_hᵀ, without the
        gradient of the first layer's input.
        """
        count = 0
        for layer in range(self.layers):
            D, H, columns = self.width(layer), self.H, self.gates * self.H
            forward = 2 * self.T * self.N * (D + H) * columns
            to_state, to_input = 2 * self.T * self.N * columns * H, 2 * self.T * self.N * columns * D
            count += forward
            if task == "train step":
                count += forward + to_state + (to_input if layer else 0)
        return count


LAYERS = [
    Shape("lstm", 96, 32, 168, 64, note="default forecaster"),
    Shape("lstm", 10, 32, 1, 16),
    Shape("rnn", 10, 32, 1, 16),
    Shape("gru", 10, 32, 1, 16),
    Shape("lstm", 24, 32, 1, 32),
    Shape("rnn", 50, 32, 8, 32),
    Shape("gru", 24, 32, 1, 32),
    Shape("lstm", 168, 64, 8, 64),
    Shape("gru", 100, 64, 64, 128),
    Shape("lstm", 100, 32, 64, 128),
    Shape("rnn", 100, 32, 64, 128),
    Shape("lstm", 128, 64, 256, 256),
    Shape("gru", 128, 64, 256, 256),
    Shape("rnn", 128, 64, 256, 256),
    Shape("lstm", 50, 64, 500, 500),
    Shape("rnn", 300, 20, 800, 800),
    Shape("lstm", 300, 20, 800, 800),
    Shape("gru", 300, 20, 800, 800),
]

STREAMS = [  # T is the number of steps of the check; the timing is per step
    Shape("lstm", 6, 1, 1, 32),
    Shape("lstm", 6, 1, 64, 128),
    Shape("lstm", 6, 1, 256, 256),
    Shape("gru", 6, 1, 384, 384, layers=3),
]

UPDATES = [Shape("lstm", 10, 32, 1, 16), Shape("rnn", 10, 32, 1, 16), Shape("lstm", 96, 32, 168, 64)]
WORDS = Shape("lstm", 35, 20, 650, 650, layers=2, note="10,000-word softmax")
THREADED = [Shape("gru", 100, 64, 64, 128), Shape("lstm", 128, 64, 256, 256), Shape("lstm", 50, 64, 500, 500)]
DENORMAL = Shape("lstm", 96, 32, 168, 64)
