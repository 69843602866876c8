"""Networks: an architecture, one flat vector of parameters with named views, forward and backward passes.

Networks are independent of tasks: forecasting, classification and text add data, an output layer and a loss.
"""

from __future__ import annotations

from elman.network.architecture import Architecture
from elman.network.binding import DropoutKey
from elman.network.initialization import initialize
from elman.network.network import Network
from elman.network.parameters import ParameterLayout, Parameters
from elman.network.segments import SegmentedTape
from elman.network.state import State
from elman.network.stream import Stream
from elman.network.streamed import QuantizationReport, StreamedNetwork, quantization_report
from elman.network.tape import Tape

__all__ = [
    "Architecture",
    "DropoutKey",
    "Network",
    "ParameterLayout",
    "Parameters",
    "QuantizationReport",
    "SegmentedTape",
    "State",
    "Stream",
    "StreamedNetwork",
    "Tape",
    "initialize",
    "quantization_report",
]
