"""`make bench`: the measures against their bars, as a table and as bench.json. Exit code 1 if one misses its bar.

python -m tests.bench [NAME...]
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import ROOT, Measure, note
from tests.bench.measures import MEASURES
from tests.bench.workbench import Workbench

RESULTS = ROOT / "bench.json"


def table(measures: list[Measure]) -> str:
    lines = [f"{'measure':<24}{'value':>8}{'bar':>9}  {'':<6}"]
    for m in measures:
        bar = f"{'<=' if m.less_is_better else '>='} {m.bar:.2f}"
        lines.append(f"{m.name:<24}{m.value:>8.2f}{bar:>9}  {'pass' if m.passed else 'MISSED':<6}  {m.detail}")
    return "\n".join(lines)


def results(measures: list[Measure]) -> list[dict[str, object]]:
    return [{"name": m.name, "value": round(m.value, 4), "bar": m.bar, "pass": m.passed} for m in measures]


def main(names: set[str]) -> int:
    chosen = [each for each in MEASURES if not names or each.__name__ in names]
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=cache) as folder:
        bench = Workbench(Path(folder))
        note(f"measuring on {bench.source}; the bars are set for the 2024 tape")
        measured = []
        for each in chosen:
            note(f"{each.__name__}: {each.__doc__}")
            measured.append(each(bench))
    RESULTS.write_text(json.dumps(results(measured), indent=2) + "\n")
    print(table(measured))
    note(f"also in {RESULTS.name}")
    return int(not all(m.passed for m in measured))


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:])))
