"""Options of ``elman text train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "PRESETS",
    "BatchSize",
    "Cell",
    "ClipNorm",
    "Dropout",
    "EmbeddingSize",
    "Epochs",
    "HiddenSize",
    "LearningRate",
    "MinCount",
    "Normalization",
    "NumLayers",
    "Optimizer",
    "Patience",
    "Preset",
    "RecurrentDropout",
    "Save",
    "Schedule",
    "Steps",
    "TiedWeights",
    "Training",
    "Unit",
    "ValidationFraction",
    "VocabularySize",
]

PRESETS = ("zaremba-small", "zaremba-medium", "char-rnn")

Save = Annotated[Path | None, typer.Option(metavar="MODEL", help="Write the fitted model.")]
Preset = Annotated[str | None, typer.Option(help=f"A published recipe: {', '.join(PRESETS)}.")]
Unit = Annotated[str | None, typer.Option(help="Kind of token: character, word or bpe.")]
VocabularySize = Annotated[int | None, typer.Option(min=2, help="Maximum number of tokens, with <unk>.")]
MinCount = Annotated[int | None, typer.Option(min=1, help="Rarer tokens become <unk>.")]
Normalization = Annotated[
    str | None, typer.Option(help="nfc: compose letters and accents first; none: leave the text unchanged.")
]
Cell = Annotated[str | None, typer.Option(help="gru, lstm or rnn.")]
HiddenSize = Annotated[int | None, typer.Option(min=1, help="Units of a layer; chosen if not given.")]
NumLayers = Annotated[int | None, typer.Option(min=1, help="Recurrent layers.")]
EmbeddingSize = Annotated[
    str | None,
    typer.Option(metavar="INTEGER|one-hot", help="Width of a token's vector, or one-hot rows; chosen if not given."),
]
TiedWeights = Annotated[bool, typer.Option("--tied-weights", help="Use the embedding as output weights too.")]
Dropout = Annotated[float | None, typer.Option(help="Share of units dropped in training.")]
RecurrentDropout = Annotated[float | None, typer.Option(help="Share of the state dropped between steps.")]
Training = Annotated[
    str | None,
    typer.Option(
        help="streams: read continuously, predict every token; windows: read --steps tokens, predict the next."
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(min=1, help="Steps of backpropagation through time, or tokens per window; chosen if not given."),
]
BatchSize = Annotated[
    int | None, typer.Option(min=1, help="Parallel streams, or windows per update; chosen if not given.")
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the text; chosen if not given.")]
Optimizer = Annotated[str | None, typer.Option(help="adam, rmsprop or sgd.")]
LearningRate = Annotated[float | None, typer.Option(help="Initial learning rate.")]
Schedule = Annotated[str | None, typer.Option(help="Learning-rate schedule: cosine, constant, step or plateau.")]
ClipNorm = Annotated[float | None, typer.Option(help="Maximum gradient norm; a larger gradient is scaled down.")]
ValidationFraction = Annotated[
    float | None, typer.Option(help="Share at the end of the text held out for validation; 0: none.")
]
Patience = Annotated[int | None, typer.Option(min=1, help="Stop after so many epochs without a better validation.")]
