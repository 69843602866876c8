"""Read the data file of a saved model in the form of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli._command import usage_error
from elman.cli._common import refuse_unused
from elman.cli._reading import Reading
from elman.errors import UnsupportedError

__all__ = ["Columns", "Label", "ModelId", "ModelTarget", "ModelTime", "labelled_sequences", "text_of"]

ModelTime = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates or steps.")]
ModelTarget = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column to forecast.")]
ModelId = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="Column of the names of series or sequences.")
]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of classes, numbers or tags.")]

_COLUMNS = ("--time", "--target", "--id", "--label")
_MARKS = ("--decimal", "--thousands", "--day-first", "--date-format")
_UNUSED = {  # options without effect, by kind of model
    "Network": _COLUMNS,
    "Forecaster": ("--label",),
    "SequenceClassifier": ("--target",),
    "SequenceRegressor": ("--target",),
    "SequenceTagger": ("--target",),
    "LanguageModel": (*_COLUMNS, *_MARKS),
}


@dataclass(frozen=True)
class Columns:
    """The columns of a file, by options."""

    time: str | None
    target: str | None
    id: str | None
    label: str | None
    reading: Reading

    @property
    def by_option(self) -> dict[str, Any]:
        """Values by option."""
        columns = dict(zip(_COLUMNS, (self.time, self.target, self.id, self.label), strict=True))
        return columns | self.reading.by_option

    def check(self, file: Path, model: Any) -> None:
        """Refuse a model that no command shows or measures, and columns that one of this kind does not use."""
        kind = type(model).__name__
        if kind not in _UNUSED:
            raise UnsupportedError(
                f"{file}: holds a {kind}, which this command does not take; elman.load reads it in Python."
            )
        refuse_unused(f"{file}: holds a {kind}", {name: self.by_option[name] for name in _UNUSED[kind]})


def text_of(file: Path, encoding: str) -> str:
    """Return the text of a file, read as for training a language model."""
    from elman.text.corpus import Corpus

    return "".join(Corpus.of(file, encoding, place=str(file)).pieces())


def labelled_sequences(model: Any, file: Path, columns: Columns, *, quiet: bool) -> tuple[Any, Any, Any]:
    """Return a model with the columns of a file, its sequences and its labels.

    Labels of a file are text, those of the model may be numbers.
    """
    from elman.cli.classify import channels_of, read
    from elman.sequences import SequenceTagger
    from elman.sequences.labelled import labels_for, read_tagged

    reading = columns.reading
    if isinstance(model, SequenceTagger):
        if columns.label is None:
            usage_error("--label COLUMN: name the column of tags.")
        where = columns.id, columns.time, columns.label
        return *read_tagged(model, file, *where, reading.encoding, reading.notation), columns.label
    known = read(file, columns.id, columns.time, columns.label, reading, channels_of(model), quiet=quiet)
    return model.set_params(**known.columns), known.data, labels_for(model, file, known.known_labels)
