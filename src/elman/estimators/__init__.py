"""Shared by all estimators: parameters, the fitted value, the lock, seeds, files, reports."""

from __future__ import annotations

from elman.estimators.checks import check_table, check_unchanged, defaults_of, same, values_of
from elman.estimators.common import COMMON, MOST_LAYERS
from elman.estimators.contract import Contract
from elman.estimators.documentation import documented
from elman.estimators.estimator import Arrays, Estimator
from elman.estimators.fitted import FittedEstimator, FittedValue, Interrupted, fitted_value
from elman.estimators.flow import flow_of
from elman.estimators.names import NamedParameters
from elman.estimators.occupied import changing, reading
from elman.estimators.optimizer_state import optimizer_arrays, take_optimizer_state
from elman.estimators.parameters import (
    Auto,
    Choice,
    Column,
    Columns,
    Count,
    Number,
    Parameter,
    PerLayer,
    RandomState,
    Switch,
    Table,
    Threads,
    hints_of,
)
from elman.estimators.seeds import member_seeds, root_seed
from elman.estimators.single_thread import one_thread
from elman.estimators.streamed import StreamedEstimator
from elman.estimators.summary import trained
from elman.estimators.worse import notice_worse

__all__ = [
    "COMMON",
    "MOST_LAYERS",
    "Arrays",
    "Auto",
    "Choice",
    "Column",
    "Columns",
    "Contract",
    "Count",
    "Estimator",
    "FittedEstimator",
    "FittedValue",
    "Interrupted",
    "NamedParameters",
    "Number",
    "Parameter",
    "PerLayer",
    "RandomState",
    "StreamedEstimator",
    "Switch",
    "Table",
    "Threads",
    "changing",
    "check_table",
    "check_unchanged",
    "defaults_of",
    "documented",
    "fitted_value",
    "flow_of",
    "hints_of",
    "member_seeds",
    "notice_worse",
    "one_thread",
    "optimizer_arrays",
    "reading",
    "root_seed",
    "same",
    "take_optimizer_state",
    "trained",
    "values_of",
]
