"""Training: batches, the loop, optimizers and schedules, early stopping, and runs that can be saved and continued."""

from __future__ import annotations

from elman.training.batches import Batch, Batches, generator
from elman.training.checkpoints import Checkpoints, checkpointing, same_seed
from elman.training.draws import Draws, Origins
from elman.training.ensemble import train_ensemble
from elman.training.flow_report import GradientFlow, LayerFlow
from elman.training.gradient_flow import gradient_flow
from elman.training.history import History
from elman.training.identity import fingerprint
from elman.training.loop import Trainer, Validate
from elman.training.losses import Objective
from elman.training.progress import Progress
from elman.training.schedules import Constant, Cosine, Plateau, Schedule, Step, named_schedule
from elman.training.sequences import SequenceBatches
from elman.training.settings import Settings
from elman.training.spans import Spans
from elman.training.state import TrainingState
from elman.training.stretches import OrderedStretches, StretchBatches

__all__ = [
    "Batch",
    "Batches",
    "Checkpoints",
    "Constant",
    "Cosine",
    "Draws",
    "GradientFlow",
    "History",
    "LayerFlow",
    "Objective",
    "OrderedStretches",
    "Origins",
    "Plateau",
    "Progress",
    "Schedule",
    "SequenceBatches",
    "Settings",
    "Spans",
    "Step",
    "StretchBatches",
    "Trainer",
    "TrainingState",
    "Validate",
    "checkpointing",
    "fingerprint",
    "generator",
    "gradient_flow",
    "named_schedule",
    "same_seed",
    "train_ensemble",
]
