"""From a text to a fitted value: a whole training, or one more pass."""

from __future__ import annotations

import numpy as np

from elman import _check
from elman.estimators import Interrupted, notice_worse, root_seed, values_of
from elman.network import Network
from elman.text.corpus import Corpus
from elman.text.fitted import Fitted
from elman.text.options import Size, architecture_of, further_size, rule_size, vocabulary_size
from elman.text.parameters import Parameters
from elman.text.tokenization import Vocabulary
from elman.text.training import Stopped, Text, batches_of, evaluated, pass_once, train
from elman.training import Trainer, TrainingState

__all__ = ["learn", "learn_further", "new_network"]


def learn(place: str, parameters: Parameters, text: Text) -> Fitted:
    """Train a network on a text whose vocabulary has been learned.

    Raises
    ------
    Interrupted
        On Ctrl-C, after the first update.
    """
    size = _size_for(place, parameters, text)
    seed = root_seed(parameters.random_state)
    network = new_network(parameters, text.vocabulary, size, seed)
    try:
        trainer = train(parameters, text, size, network, seed)
    except Stopped as stop:
        raise Interrupted(_fitted(parameters, stop.trainer, text, size)) from None
    notice_worse(place, [trainer.history])
    return _fitted(parameters, trainer, text, size)


def learn_further(place: str, parameters: Parameters, corpus: Corpus, before: Fitted | None) -> Fitted:
    """Pass once over a text, at a constant learning rate; the first time, learn the vocabulary from it."""
    state: TrainingState | None = None
    if before is None:
        text = Text.learned(place, parameters, corpus, vocabulary_size(parameters), held_out=False)
        size = _size_for(place, parameters, text)
        seed = root_seed(parameters.random_state)
        network = new_network(parameters, text.vocabulary, size, seed)
    else:
        text = Text(before.vocabulary, before.read(corpus), None)
        size, seed = further_size(parameters, before.size), before.seed
        network = Network(architecture_of(parameters, size, len(before.vocabulary)), before.network.theta.copy())
        if before.state is not None and before.state.optimizer == parameters.optimizer:
            state = before.state  # another optimizer starts with an empty state
    trainer = pass_once(parameters, text, size, network, seed, state)
    return _fitted(parameters, trainer, text, size, trainer.state())


def _size_for(place: str, parameters: Parameters, text: Text) -> Size:
    """Choose the sizes for a text; refuse projections that are no smaller than the chosen layers."""
    size = rule_size(parameters, len(text.training))
    _check.projection(place, parameters.cell, parameters.projection_size, (size.hidden_size,))
    return size


def new_network(parameters: Parameters, vocabulary: Vocabulary, size: Size, seed: int) -> Network:
    """Make a network with its initial parameters."""
    network = Network.initialized(
        architecture_of(parameters, size, len(vocabulary)),
        seed=seed,
        scheme=parameters.init,
        dtype=np.dtype(parameters.dtype),
        scale=parameters.init_scale,
    )
    if parameters.forget_bias is not None:
        for layer in range(int(parameters.num_layers)):
            bias = network.parameters[f"layers.{layer}.b"]
            bias[size.hidden_size : 2 * size.hidden_size] = parameters.forget_bias
    return network


def _fitted(
    parameters: Parameters, trainer: Trainer, text: Text, size: Size, state: TrainingState | None = None
) -> Fitted:
    """Return the fitted value of a trainer, evaluated on the held-out end of the text if there is one."""
    validation = None
    if text.validation is not None:
        rows = batches_of(parameters, text, size, 0).batch_size
        validation = evaluated(parameters, trainer.network, text.vocabulary, size, text.validation, text.counted, rows)
    return Fitted(
        network=trainer.network,
        vocabulary=text.vocabulary,
        history=trainer.history,
        updates=trainer.update,
        size=size,
        seed=trainer.settings.seed,
        parameters=values_of(parameters),
        validation=validation,
        state=state,
    )
