"""
Write text
==========

A character model learns from a part of Python's manual, and writes text of its own.
"""

from pydoc_data.topics import topics

import matplotlib.pyplot as plt

from elman import LanguageModel

manual = "".join(topics.values())[:120_000]
model = LanguageModel(hidden_size=96, epochs=6, learning_rate=0.01, random_state=0).fit(manual[:110_000])
print(model.evaluate(manual[110_000:]).describe())

# %%
# A low temperature keeps to probable characters, a high one takes risks.

for temperature in (0.3, 0.7, 1.1):
    print(f"temperature {temperature}")
    print("The function" + model.generate("The function", length=160, temperature=temperature, seed=0), end="\n\n")

# %%
# The probabilities of the next character after a prefix:

probability = model.predict_proba("The ")
likely = sorted(zip(probability, model.vocabulary_.tokens, strict=True), reverse=True)[:8]

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.bar([repr(token) for _, token in likely], [p for p, _ in likely], color="tab:blue")
ax.set(ylabel="probability", title="Next character after “The ”")
plt.show()
