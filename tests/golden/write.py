"""Write the golden files of this version, once, when it is released: ``PYTHONPATH=tests python tests/golden/write.py``.

Files of earlier versions are never written again: that they can still be read is the point.
"""

from __future__ import annotations

import json
import shutil

import elman
from golden.models import EXPECTED, GOLDEN, MODELS, STATES, answer, train


def main() -> None:
    """Write one folder."""
    folder = GOLDEN / elman.__version__
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    expected = {}
    for name, make in MODELS.items():
        model = make()
        model.save(folder / f"{name}.elman")
        expected[name] = answer(model)
    one = train(folder / STATES, resume=False)
    expected[STATES] = one.history.loss
    for path in sorted((folder / STATES).iterdir()):  # as if it had been killed after update 10
        if int(path.stem[-9:]) != 10:
            path.unlink()
    (folder / EXPECTED).write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
