"""``elman text``: train, evaluate and sample a language model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli import _text_options as options
from elman.cli._command import INTERRUPTED, Command, say, usage_error
from elman.cli._common import (
    Checkpoint,
    LayerNorm,
    ProjectionSize,
    Quiet,
    Resume,
    Seed,
    Threads,
    check_choice,
    check_readable,
    check_writable,
)
from elman.cli._show import echo
from elman.errors import visible

if TYPE_CHECKING:
    from elman.text import LanguageModel, Vocabulary

__all__ = ["text"]

text = typer.Typer(
    help="Language models: predict the next character, word or byte pair of a text, and write text of its kind.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_UNITS = ("character", "word", "whitespace", "bpe")
_CHOICES = {
    "preset": options.PRESETS,
    "unit": _UNITS,
    "normalization": ("nfc", "none"),
    "cell": ("gru", "lstm", "rnn"),
    "training": ("streams", "windows"),
    "optimizer": ("adam", "rmsprop", "sgd"),
    "schedule": ("cosine", "constant", "step", "plateau"),
}
_PRECISIONS = ("float32", "int8", "bfloat16")
_SAMPLE = 300  # sampled tokens shown after training
_SHOWN = 40  # tokens of the vocabulary shown

Files = Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Text files; of a folder, its .txt files.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman text train --save.")]
Encoding = Annotated[str, typer.Option(help="Character encoding of the files.")]


@text.command(cls=Command)
def train(
    files: Files,
    save: options.Save = None,
    preset: options.Preset = None,
    unit: options.Unit = None,
    vocabulary_size: options.VocabularySize = None,
    min_count: options.MinCount = None,
    normalization: options.Normalization = None,
    cell: options.Cell = None,
    hidden_size: options.HiddenSize = None,
    num_layers: options.NumLayers = None,
    projection_size: ProjectionSize = None,
    layer_norm: LayerNorm = False,
    embedding_size: options.EmbeddingSize = None,
    tied_weights: options.TiedWeights = False,
    dropout: options.Dropout = None,
    recurrent_dropout: options.RecurrentDropout = None,
    training: options.Training = None,
    steps: options.Steps = None,
    batch_size: options.BatchSize = None,
    epochs: options.Epochs = None,
    optimizer: options.Optimizer = None,
    learning_rate: options.LearningRate = None,
    schedule: options.Schedule = None,
    clip_norm: options.ClipNorm = None,
    validation_fraction: options.ValidationFraction = None,
    patience: options.Patience = None,
    encoding: Encoding = "utf-8",
    checkpoint: Checkpoint = None,
    resume: Resume = False,
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Train on a text, and measure on its held-out end. Ctrl-C keeps the best model so far."""
    given = dict(locals())
    _check_files(files)
    check_writable("--save", save, *(read for file in files for read in (file, *file.rglob("*.txt"))))
    for name, choices in _CHOICES.items():
        if given[name] is not None:
            check_choice(f"--{name}", given[name], choices)
    if resume and checkpoint is None:
        usage_error("--resume needs --checkpoint FOLDER to go on from.")
    changes = _changes(given) | {"random_state": seed, "n_threads": threads, "progress": not quiet}
    model = _new_model(preset, changes)
    if save is None and not quiet:
        say("The model will not be kept; --save MODEL keeps it.")
    _fit(model, files, save, {"encoding": encoding, "checkpoint_dir": checkpoint, "resume": resume})
    if save is not None:
        model.save(save)
    if not quiet:
        say(_about(model))
    _show(model)


_PARAMETERS = (
    "unit",
    "vocabulary_size",
    "min_count",
    "normalization",
    "cell",
    "hidden_size",
    "num_layers",
    "projection_size",
    "dropout",
    "recurrent_dropout",
    "training",
    "steps",
    "batch_size",
    "epochs",
    "optimizer",
    "learning_rate",
    "schedule",
    "clip_norm",
    "validation_fraction",
    "patience",
)
_SWITCHES = ("tied_weights", "layer_norm")


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that were given."""
    changes = {name: given[name] for name in _PARAMETERS if given[name] is not None}
    changes |= {name: True for name in _SWITCHES if given[name]}
    width: str | None = given["embedding_size"]
    if width is None:
        return changes
    if width != "one-hot" and not (width.isascii() and width.isdecimal() and int(width) > 0):
        usage_error(f"--embedding-size {width}: must be one-hot or a number of at least 1.")
    return changes | {"embedding_size": None if width == "one-hot" else int(width)}


def _new_model(preset: str | None, changes: dict[str, Any]) -> LanguageModel:
    from elman.text import LanguageModel

    return LanguageModel(**changes) if preset is None else LanguageModel.preset(preset, **changes)


@text.command(cls=Command)
def evaluate(
    model: Model,
    files: Files,
    rows: Annotated[
        int, typer.Option(min=1, help="Parts read in parallel: faster, each without the context before it.")
    ] = 1,
    precision: Annotated[
        str | None, typer.Option(help="int8 or bfloat16: report what weights of fewer bits cost, too.")
    ] = None,
    encoding: Encoding = "utf-8",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Measure how well a saved model predicts a text."""
    _check_files(files)
    check_readable(None, model)
    if precision is not None:
        check_choice("--precision", precision, _PRECISIONS[1:])
    measured = _load(model).set_params(n_threads=threads)
    echo(measured.evaluate(files, rows=rows, encoding=encoding).describe())
    if precision is not None:
        report = measured.quantization_report(files, precision, rows=rows, encoding=encoding)
        echo(str(report))


@text.command(cls=Command)
def generate(
    model: Model,
    prompt: Annotated[str, typer.Option(help="Beginning of the text.")] = "",
    length: Annotated[int, typer.Option(min=1, help="Maximum number of tokens.")] = 300,
    temperature: Annotated[float, typer.Option(help="0: always the most probable token; 1: as learned.")] = 1.0,
    top_k: Annotated[int | None, typer.Option(min=1, help="Sample from this many most probable tokens.")] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Sample from the most probable tokens with this total probability.")
    ] = None,
    repetition_penalty: Annotated[
        float, typer.Option(help="Above 1: tokens that have occurred become less likely.")
    ] = 1.0,
    stop: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Stop before this text; repeatable.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="Of the weights: int8 or bfloat16 read fewer bytes per token than float32.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Print every token as soon as it is sampled.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same text.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Write text with a saved model."""
    check_readable(None, model)
    if precision is not None:
        check_choice("--precision", precision, _PRECISIONS)
    writer = _load(model)
    unknown = int((writer.vocabulary_.encode(prompt) == 0).sum())
    if unknown and not quiet:
        say(f"--prompt: {unknown} of its tokens {'is' if unknown == 1 else 'are'} unknown to the model.")
    pieces = writer.stream(
        prompt,
        length=length,
        stop=stop or (),
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        repetition_penalty=repetition_penalty,
        seed=seed,
        precision=precision,
    )
    _print(prompt)
    if follow:
        for piece in pieces:
            _print(piece)
    else:
        _print("".join(pieces))
    _print("\n")


@text.command(cls=Command)
def info(model: Model) -> None:
    """Describe a saved model."""
    check_readable(None, model)
    known = _load(model)
    echo(_about(known))
    echo(_tokens(known.vocabulary_))
    _show_validation(known)
    for name, value in known.get_params(deep=False).items():
        echo(f"  {name} = {value!r}")


def _check_files(files: list[Path]) -> None:
    for file in files:
        if not file.exists():
            usage_error(f"{file}: no such file.")


def _load(path: Path) -> LanguageModel:
    from elman.text import LanguageModel

    return LanguageModel.load(path)


def _fit(model: LanguageModel, files: list[Path], save: Path | None, how: dict[str, Any]) -> None:
    """Fit; after an interrupt the best model so far is saved before the command ends."""
    try:
        model.fit(files, **how)
    except KeyboardInterrupt:
        if how["checkpoint_dir"] is not None:
            say(f"The state of the training is in {how['checkpoint_dir']}; --resume goes on from it.")
        if save is None or not model.__sklearn_is_fitted__():
            raise
        model.save(save)
        say(f"Stopped. The best model so far is in {save}.")
        raise typer.Exit(INTERRUPTED) from None


def _about(model: LanguageModel) -> str:
    architecture = model.network_.architecture
    entering = "one-hot" if architecture.embedding_size is None else f"embedding of {architecture.embedding_size}"
    layers = f"{architecture.num_layers} x " if architecture.num_layers > 1 else ""
    cell = architecture.cell.upper()
    return (
        f"vocabulary of {len(model.vocabulary_):,} tokens (unit: {model.unit}); {entering}, {cell} of {layers}"
        f"{architecture.hidden_size} units, {model.network_.theta.size:,} parameters; "
        f"{model.updates_:,} updates."
    )


def _tokens(vocabulary: Vocabulary) -> str:
    """List the first tokens; of byte pairs, the first that were merged."""
    from elman.text.tokenization import LEAST_BPE

    pairs = vocabulary.unit == "bpe"
    first = LEAST_BPE if pairs else 0
    shown = [repr(vocabulary.decode([i]) if i else "<unk>") for i in range(first, min(len(vocabulary), first + _SHOWN))]
    more = " …" if len(vocabulary) > first + _SHOWN else ""
    what = "The most frequent byte pairs" if pairs else "Tokens, the most frequent first"
    return f"{what}: {' '.join(shown) or 'none'}{more}\n"


def _show(model: LanguageModel) -> None:
    """Print the measures of the held-out part, and a sample."""
    _show_validation(model)
    echo("What it writes:")
    _print(model.generate(length=_SAMPLE, temperature=0.8).strip("\n"))
    _print("\n")


def _show_validation(model: LanguageModel) -> None:
    if model.validation_ is not None:
        echo(f"The last {model.validation_fraction:.0%} of the text, which the model has not learned from:")
        echo(model.validation_.describe())
        echo("")


def _print(piece: str) -> None:
    """Write UTF-8 and flush, whatever the terminal's encoding; characters outside UTF-8 become U+FFFD."""
    whole = piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    typer.echo(visible(whole).encode(), nl=False)
