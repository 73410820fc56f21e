"""`perpmm data facts`."""

from pathlib import Path

from rich.table import Table

from data import store
from data.synthetic.beside import catalog_facts, figures, real_facts
from engine.cli import show, speak


def run(catalog: Path, instrument: str | None, *, as_json: bool) -> None:
    """Raises DataError for a catalog without quotes and trades to measure."""
    names = store.instrument_ids(catalog) if instrument is None else (instrument,)
    measured, real = {name: figures(catalog_facts(catalog, name)) for name in names}, real_facts()
    if as_json:
        speak.json_object({"measured": measured, "real": real})
        return
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    grid.add_column("")
    for name in (*measured, *(tape.removeprefix("binance-um ") for tape in real)):
        grid.add_column(name, justify="right")
    for fact in next(iter(measured.values())):
        cells = (of.get(fact) for of in (*measured.values(), *real.values()))
        grid.add_row(fact, *("" if cell is None else f"{cell:.4g}" for cell in cells))
    show.OUT.print(grid)
    speak.line("Real tapes: Binance USD-M, BTCUSDT, some minutes each. bps, seconds, units of the contract.")
