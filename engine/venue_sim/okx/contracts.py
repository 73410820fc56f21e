"""A contract as OKX lists it: sizes are counted in contracts, of so much of the base each."""

from decimal import Decimal

import msgspec

from engine.core.types import Instrument
from engine.venue_sim.contract import MAX_LEVERAGE, MOST, MOST_AT_MARKET, Contract
from engine.venue_sim.exchange import Exchange

STEPS = 10  # of a contract of base units, in one counted contract
FIRST_CODE = 10459


def listed(instrument: Instrument) -> Instrument:
    """One of base units as counted contracts, in the same ticks and lots; one that is counted already stays. The venue
    has no smallest value."""
    if instrument.multiplier != 1:
        return instrument
    each = instrument.step * STEPS
    return msgspec.structs.replace(
        instrument,
        raw_symbol=f"{instrument.base}-{instrument.quote}-SWAP",
        multiplier=each,
        step=instrument.step / each,
        min_size=instrument.min_size / each,
        min_notional=Decimal(0),
    )


def family(contract: Contract) -> str:
    return contract.symbol.removesuffix("-SWAP")


def codes(exchange: Exchange) -> dict[str, str]:
    """Symbols by the numbers that orders name them by."""
    return {str(FIRST_CODE + n): symbol for n, symbol in enumerate(exchange.contracts)}


def instrument_row(contract: Contract, code: str) -> dict[str, object]:
    terms = contract.instrument
    most = f"{MOST}"
    return {
        "instType": "SWAP",
        "instId": contract.symbol,
        "instIdCode": int(code),
        "uly": family(contract),
        "instFamily": family(contract),
        "category": "1",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": terms.settlement,
        "ctVal": f"{terms.multiplier.normalize():f}",
        "ctMult": "1",
        "ctValCcy": terms.base,
        "optType": "",
        "stk": "",
        "listTime": "1573557408000",
        "expTime": "",
        "lever": f"{MAX_LEVERAGE}",
        "tickSz": contract.price(1),
        "lotSz": contract.size(1),
        "minSz": contract.size(contract.least_lots),
        "ctType": "linear",
        "alias": "",
        "state": "live",
        "ruleType": "normal",
        "maxLmtSz": most,
        "maxMktSz": f"{MOST_AT_MARKET}",
        "maxLmtAmt": "20000000",
        "maxMktAmt": "",
        "maxTwapSz": most,
        "maxIcebergSz": most,
        "maxTriggerSz": most,
        "maxStopSz": most,
    }
