"""A tape in Tardis's form: gzipped CSV, a file for each kind and day, columns and units as their documentation says."""

from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow as pa

from data.synthetic.settings import Contract
from data.synthetic.tape import Tape

BID_ASK = {1: "bid", -1: "ask"}
BUY_SELL = {1: "buy", -1: "sell"}
UNKNOWN = pl.lit("")


def decimal_text(count: pl.Expr, decimals: int) -> pl.Expr:
    """Whole units of 10**-decimals as the shortest decimal: 500120 and 1 is 50012, -5 and 2 is -0.05."""
    unit = 10**decimals
    sign = pl.when(count < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (count.abs() % unit).cast(pl.String).str.zfill(decimals).str.strip_chars_end("0")
    point = pl.when(count % unit == 0).then(pl.lit("")).otherwise(pl.lit("."))
    return pl.concat_str(sign, (count.abs() // unit).cast(pl.String), point, fraction)


def tardis_frames(tape: Tape, contract: Contract) -> dict[str, pl.DataFrame]:
    """The tape's frames in Tardis's columns, by Tardis's name of their kind; prices and sizes as text."""
    common = (
        pl.lit(contract.exchange).alias("exchange"),
        pl.lit(contract.symbol).alias("symbol"),
        pl.col("ts_event_us").alias("timestamp"),
        pl.col("ts_local_us").alias("local_timestamp"),
    )
    price = decimal_text(pl.col("price_ticks"), contract.price_decimals).alias("price")
    amount = decimal_text(pl.col("size_lots"), contract.size_decimals).alias("amount")
    side = pl.col("side")
    return {
        "incremental_book_L2": tape.book.select(
            *common, "is_snapshot", side.replace_strict(BID_ASK, return_dtype=pl.String), price, amount
        ),
        "trades": tape.trades.select(
            *common, "id", side.replace_strict(BUY_SELL, return_dtype=pl.String), price, amount
        ),
        "liquidations": tape.liquidations.select(
            *common, UNKNOWN.alias("id"), side.replace_strict(BUY_SELL, return_dtype=pl.String), price, amount
        ),
        "derivative_ticker": tape.ticker.select(
            *common,
            pl.col("funding_us").alias("funding_timestamp"),
            decimal_text(pl.col("funding_rate_e8"), 8).alias("funding_rate"),
            UNKNOWN.alias("predicted_funding_rate"),
            UNKNOWN.alias("open_interest"),
            decimal_text(pl.col("last_price_ticks"), contract.price_decimals).alias("last_price"),
            decimal_text(pl.col("index_price_e8"), 8).alias("index_price"),
            decimal_text(pl.col("mark_price_e8"), 8).alias("mark_price"),
        ),
    }


class TardisFiles:
    """Files being written: unfinished ones carry another name, and are removed if the writing ends in an error.

    Compressed by pyarrow's own zlib, which puts neither time nor name in the header and is pinned with it: the bytes
    depend on the tape alone, and not on the machine's Python.
    """

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._folder, self._contract = folder, contract
        self._streams: dict[Path, pa.CompressedOutputStream] = {}
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, tape: Tape) -> None:
        """Append a tape, each message to the file of the day it was received on (UTC), as Tardis does."""
        for kind, frame in tardis_frames(tape, self._contract).items():
            day = pl.from_epoch("local_timestamp", time_unit="us").dt.date()
            for (on,), rows in frame.group_by(day, maintain_order=True):
                assert isinstance(on, date)
                path = self._folder / f"{self._contract.exchange}_{kind}_{on}_{self._contract.symbol}.csv.gz"
                is_new = path not in self._streams
                if is_new:
                    file = self._exits.enter_context(_part(path).open("wb"))
                    self._streams[path] = self._exits.enter_context(pa.CompressedOutputStream(file, "gzip"))
                # Empty text must stay empty: no quotes around it.
                text = rows.write_csv(include_header=is_new, null_value="", quote_style="never")
                self._streams[path].write(text.encode())

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        whole = False
        try:
            self._exits.close()
            whole = kind is None
        finally:  # what a full disk did not take must not stay either
            for path in self._streams:
                if whole:
                    _part(path).replace(path)
                else:
                    _part(path).unlink(missing_ok=True)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in order of name."""
        return tuple(sorted(self._streams))


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
