"""
Gradient flow
=============

The adding problem: the sum of two marked numbers among 100. A simple network and an LSTM are trained in the same way;
then the gradient of the loss is followed back through time.
"""

import matplotlib.pyplot as plt

from elman import SequenceRegressor
from elman.data.tasks import adding

X, y = adding(2000, length=100)
settings = {"hidden_size": 32, "window": 1, "stride": 1, "bidirectional": False, "learning_rate": 0.01}
flows = {}
for cell in ("rnn", "lstm"):
    model = SequenceRegressor(cell=cell, updates=600, random_state=0, **settings).fit(X, y)
    flows[cell] = model.gradient_flow(X, y)

# %%
# The report of the simple network:

print(flows["rnn"])

# %%
# In the simple network the gradient falls with every step back. In the LSTM it passes through the forget gate.

figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for cell, flow in flows.items():
    ax.semilogy(flow.layers[0].relative, label=f"{cell}: reach {flow.reach}")
ax.axhline(0.01, color="gray", linewidth=0.8, linestyle=":")
ax.set(xlabel="lag", ylabel="gradient / gradient at lag 0")
ax.legend()
plt.show()
