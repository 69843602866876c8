"""Keras: import and export of weights, with a proof.

`from_keras` and `to_keras` convert whole chains of layers; `KerasLayer` describes a layer if Keras is not installed.
Install Keras with ``pip install 'elman[keras]'``, and one of its backends.
"""

from __future__ import annotations

from elman.interop.keras.exchange import Exported, from_keras, to_keras, to_weights
from elman.interop.keras.layers import KerasLayer
from elman.interop.proof import Imported

__all__ = ["Exported", "Imported", "KerasLayer", "from_keras", "to_keras", "to_weights"]
