"""Write the seeds of the corpus: good files, and the hostile ones of the tests. What once crashed is added by hand."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests")]

from persistence.forge import BODY, PREFIX, ZEROS, envelope, header, two  # noqa: E402
from persistence.test_hostile import FILES, HOSTILE  # noqa: E402

TABLES = {
    "commas": "ds,y\n2024-01-01,1\n2024-01-02,2.5\n2024-01-03,3\n",
    "semicolons": "Monat;Umsatz\n01.01.2024;1.234,5\n01.02.2024;2,5\n",
    "ids": "unique_id\tds\ty\na\t1\t1\na\t2\t2\nb\t1\t3\nb\t2\t4\n",
    "quoted": 'date,"value, total"\n2024-01,"1"\n2024-02,"2\n"\n',
    "zones": "time|y\n2024-01-01T00:00:00+01:00|1\n2024-01-01T01:00:00+01:00|\n",
    "bom": "\ufeffyear,y\n2020,1e300\n2021,-inf\n2022,nan\n",
    "ragged": "ds,y\n1,2,3\n4\n\n",
    "turned": "shop,2024-01,2024-02,2024-03\na,5,7,6\nb,,1,\nc,,,\n",
    "turned-unnamed": ";Ort;1.2.24;2.2.24;13.2.24\n0;Ulm;1,5;2;\n1;Ulm;;-;1.000,5\n",
    "footnotes": "Shop: north,\n\nmonth,y\n2024-01,5\n2024-02,7\nSource: books of 2024\n",
}
STEPS = {
    "labels": "id,t,x,label\na,0,1.5,up\na,1,2.5,up\nb,0,-1,down\n",
    "decimal": "case;time;x\n01;2024-01-01;0,5\n01;2024-01-02;1,5\n",
}
TS = {
    "one": "@problemName toy\n@univariate true\n@classLabel true a b\n@data\n1,2,3:a\n4,?,6:b\n",
    "two": "@dimensions 2\n@classLabel false\n@data\n1,2:3,4\n(2024-01-01,1.0),(2024-01-02,2.0):5,6\n",
}


def main() -> None:
    """Write every folder."""
    small = {name: data for name, (data, _) in HOSTILE.items() if len(data) < 20_000}
    save("file_of_bytes", small | FILES)
    pair = two([0, 8], [8, 16], 16)[8:-16].decode()
    headers = {"good": header(), "two": pair, "many": header(envelope('{"a":[1,2,{}]}'))}
    save("file_with_a_digest", {name: text[len(PREFIX + ZEROS) :].encode() + BODY for name, text in headers.items()})
    for name in ("model", "simple_method"):
        save(name, {str(number): bytes([number] * 40) for number in range(0, 256, 17)})
    for name, texts in (("table", TABLES), ("steps", TABLES | STEPS), ("ts", TS)):
        save(name, {key: text.encode() for key, text in texts.items()})


def save(target: str, inputs: dict[str, bytes]) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in inputs.items():
        (folder / name.replace(" ", "-").replace("*", "")).write_bytes(data)


if __name__ == "__main__":
    main()
