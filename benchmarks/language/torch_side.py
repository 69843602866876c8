"""PyTorch's side of text.py: the usual training loop, on the same parameters and batches."""

from __future__ import annotations

from typing import Any

import torch
from speed.peers.torch_peer import MODULES, fill, with_onednn
from speed.problem import Weights

from elman.network import Network
from elman.training import Batches, Settings

SETTINGS = {
    f"{threads} threads, oneDNN {'on' if onednn else 'off'}": (threads, onednn)
    for threads in (1, 2)
    for onednn in (True, False)
}


class Layers(torch.nn.Module):
    """Embedding or one-hot rows, recurrent layers, output; dropout as in Zaremba et al."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        a, p = network.architecture, network.parameters
        assert a.vocabulary_size is not None
        self.vocabulary = a.vocabulary_size
        self.embedding = None if a.embedding_size is None else torch.nn.Embedding(a.vocabulary_size, a.embedding_size)
        between = a.dropout if a.num_layers > 1 else 0.0
        self.layers = MODULES[a.cell](a.layer_input_size(0), a.hidden_size, num_layers=a.num_layers, dropout=between)
        self.dropout = torch.nn.Dropout(a.dropout)
        self.output = torch.nn.Linear(a.hidden_size, a.output_size)
        for layer in range(a.num_layers):
            parts = [p.get(f"layers.{layer}.{part}") for part in Weights._fields]
            fill(self.layers, Weights(*parts), f"_l{layer}")
        with torch.no_grad():
            if self.embedding is not None:
                self.embedding.weight.copy_(torch.from_numpy(p["embedding"]))
            self.output.weight.copy_(torch.from_numpy(p["output.W_y"].T.copy()))
            self.output.bias.copy_(torch.from_numpy(p["output.b_y"]))
        if a.cell == "lstm":  # PyTorch has two biases, whose updates would add up
            for name, parameter in self.layers.named_parameters():
                parameter.requires_grad_(not name.startswith("bias_hh"))

    def forward(self, x: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        if self.embedding is None:
            entering = torch.nn.functional.one_hot(x, self.vocabulary).float()
        else:
            entering = self.dropout(self.embedding(x))
        h, state = self.layers(entering, state)
        return self.output(self.dropout(h)), state


class TorchModel:
    """Training and generation, like `Trainer` and `LanguageModel.stream`.

    Parameters
    ----------
    start : Network
        Initial parameters.
    settings : Settings
        Settings of our trainer.
    batches : Batches
        Batches of our trainer.
    setting : str
        One of `SETTINGS`.
    """

    def __init__(self, start: Network, settings: Settings, batches: Batches, setting: str) -> None:
        self.threads, self.onednn = SETTINGS[setting]
        self.start, self.settings, self.batches = start, settings, batches
        torch.manual_seed(0)
        self.model = Layers(start)
        self.update = 0
        self.state: Any = None
        parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        rate = settings.learning_rate
        if settings.optimizer == "sgd":
            self.optimizer: Any = torch.optim.SGD(parameters, lr=rate)
        elif settings.optimizer == "rmsprop":
            self.optimizer = torch.optim.RMSprop(parameters, lr=rate, alpha=settings.decay, eps=settings.epsilon)
        else:
            self.optimizer = torch.optim.Adam(parameters, lr=rate, fused=True)
        self.parameters = parameters

    def run(self, until: int) -> None:
        """Train until update ``until``."""
        torch.set_num_threads(self.threads)
        with_onednn(self.onednn, lambda: self._run(until))()

    def _run(self, until: int) -> None:
        self.model.train()
        while self.update < until:
            self._one_update()

    def _one_update(self) -> None:
        settings, batch = self.settings, self.batches.batch(self.update)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * settings.schedule.scale(self.update, settings.updates)
        state = self.state if batch.carry else None
        self.optimizer.zero_grad()
        o, state = self.model(torch.from_numpy(batch.x), state)
        loss = torch.nn.functional.cross_entropy(o.flatten(0, 1), torch.from_numpy(batch.y).flatten())
        loss.backward()
        if settings.clip_value is not None:
            torch.nn.utils.clip_grad_value_(self.parameters, settings.clip_value)
        if settings.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, settings.clip_norm)
        self.optimizer.step()
        self.state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        self.update += 1

    def network(self) -> Network:
        """Return our network with PyTorch's parameters."""
        network = self.start.copy()
        p, layers = network.parameters, dict(self.model.layers.named_parameters())
        with torch.no_grad():
            for name in p:
                if name.startswith("layers."):
                    p[name][...] = self._layer_part(layers, int(name.split(".")[1]), name.split(".")[2])
            if self.model.embedding is not None:
                p["embedding"][...] = self.model.embedding.weight.numpy()
            p["output.W_y"][...] = self.model.output.weight.numpy().T
            p["output.b_y"][...] = self.model.output.bias.numpy()
        return network

    def _layer_part(self, layers: dict[str, Any], layer: int, part: str) -> Any:
        H = self.start.architecture.hidden_size
        of = {
            "W_x": lambda: layers[f"weight_ih_l{layer}"].numpy().T,
            "W_h": lambda: layers[f"weight_hh_l{layer}"].numpy().T,
            "b": lambda: self._bias(layers, layer, H),
            "b_hn": lambda: layers[f"bias_hh_l{layer}"].numpy()[2 * H :],
        }
        return of[part]()

    def _bias(self, layers: dict[str, Any], layer: int, H: int) -> Any:
        b = layers[f"bias_ih_l{layer}"].numpy().copy()
        hidden = layers[f"bias_hh_l{layer}"].numpy()
        stop = 2 * H if self.start.architecture.cell == "gru" else len(b)
        b[:stop] += hidden[:stop]
        return b

    def eval(self) -> TorchModel:
        self.model.eval()
        return self

    def generate(self, count: int) -> list[int]:
        """Generate ``count`` characters after token 1, with carried state."""
        torch.set_num_threads(self.threads)
        return with_onednn(self.onednn, lambda: self._generate(count))()

    def _generate(self, count: int) -> list[int]:
        found: list[int] = []
        x, state = torch.tensor([[1]]), None
        with torch.inference_mode():
            for _ in range(count):
                o, state = self.model(x, state)
                x = torch.multinomial(torch.softmax(o[0], -1), 1)
                found.append(int(x))
        return found
