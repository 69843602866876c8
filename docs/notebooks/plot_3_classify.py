"""
Classify sequences
==================

Noisy sine and square waves of different lengths. No padding, no masks.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay

from elman import SequenceClassifier

rng = np.random.default_rng(0)


def wave(kind: str) -> np.ndarray:
    """Return 20 to 60 values of a wave with noise."""
    length = rng.integers(20, 60)
    clean = np.sin(np.arange(length) / 2 + rng.uniform(0, 2 * np.pi))
    return (np.sign(clean) if kind == "square" else clean) + rng.normal(0, 0.5, length)


y = np.array(["sine", "square"] * 100)
X = [wave(kind) for kind in y]

figure, axes = plt.subplots(1, 2, figsize=(9, 2.5), sharey=True, layout="constrained")
for ax, kind in zip(axes, ("sine", "square"), strict=True):
    for x in [x for x, label in zip(X, y, strict=True) if label == kind][:3]:
        ax.plot(x, alpha=0.8)
    ax.set_title(kind, loc="left")
plt.show()

# %%
# The estimator follows scikit-learn's contract, so scikit-learn's displays and searches work with it.

classifier = SequenceClassifier(random_state=0).fit(X[:140], y[:140])
print(f"accuracy on 60 new sequences: {classifier.score(X[140:], y[140:]):.2f}")

# %%
ConfusionMatrixDisplay.from_predictions(y[140:], classifier.predict(X[140:]), cmap="Blues", colorbar=False)
plt.show()
