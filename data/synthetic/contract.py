"""The contract of a generated market: the generated units, round fees."""

from pathlib import Path

import msgspec

from data.instruments import Contract as Terms
from data.synthetic.settings import Contract

INVERSE = Contract(exchange="binance-delivery", symbol="BTCUSD_PERP", size_decimals=0, multiplier="100", inverse=True)


def terms(contract: Contract, instrument_id: str) -> Terms:
    step = _unit(contract.size_decimals)
    return Terms(
        id=instrument_id,
        raw_symbol=contract.symbol,
        base="BTC",
        quote="USD" if contract.inverse else "USDT",
        settlement="BTC" if contract.inverse else "USDT",
        tick=_unit(contract.price_decimals),
        step=step,
        min_size=step,
        multiplier=contract.multiplier,
        inverse=contract.inverse,
        maker_fee="0.0002",
        taker_fee="0.0005",
        margin_init="0.05",
        margin_maint="0.025",
    )


def write_terms(path: Path, contract: Terms) -> Path:
    """A contract file for `data ingest --instrument-file`."""
    told = msgspec.structs.asdict(contract)
    lines = [f'{name} = "{value}"' for name, value in told.items() if isinstance(value, str) and value]
    path.write_text("\n".join(["[[contract]]", *lines, f"inverse = {str(contract.inverse).lower()}", ""]))
    return path


def _unit(decimals: int) -> str:
    return f"{10.0**-decimals:.{decimals}f}"
