"""Random scenario cases of the recorded ones' form: all parameters, odd grids, thin and broken books."""

from random import Random
from typing import Any

from engine.run.scenario_files import Behaviour

GRIDS = (("0.01", "0.001"), ("0.5", "0.1"), ("0.3", "0.07"), ("0.025", "0.01"), ("1", "1"))


def config(random: Random, version: Behaviour) -> dict[str, Any]:
    """A config.json. Every parameter that the behaviour may know is there half of the time."""
    tick, step = random.choice(GRIDS)
    return {"version": version, "strategy": _strategy(random, float(step)), "sim": _sim(random, tick, step)}


def tape(random: Random, tick: str, length: int) -> list[dict[str, Any]]:
    """A price that wanders, jumps and rests; books that are odd, thin or lack a side; a few trades."""
    grid, mid, lines = float(tick), 100.0, []
    for t in range(1000, 1000 + length):
        mid += random.choice([0, 0, 1, -1, 0.3, -0.3, 2, -2]) * random.random()
        mid = max(20.0, mid + (random.choice([5, -5]) if random.random() < 0.03 else 0))
        lines.append(
            {
                "t": t,
                "bids": _side(random, mid, -grid),
                "asks": _side(random, mid, grid),
                "trades": _prints(random, mid),
            }
        )
    return lines


def _side(random: Random, mid: float, grid: float) -> list[list[float]]:
    """Best level first, no price twice, never across the mid; on the grid or off it."""
    if random.random() < 0.02:
        return []
    out = 1 if grid > 0 else -1
    places = random.choice([1, 2, 4])
    first, apart = abs(grid) * random.choice([1, 2, 10]), abs(grid) * random.choice([1, 3, 20])
    prices = sorted({round(mid + out * (first + n * apart), places) for n in range(random.randint(1, 5))})
    beyond = [price for price in prices if out * (price - mid) > 0 and price > 0]
    return [[price, round(random.uniform(0.01, 6), 3)] for price in beyond[::out]]


def _prints(random: Random, mid: float) -> list[list[Any]]:
    count = random.choice([0, 0, 0, 1, 2])
    return [[round(mid + random.gauss(0, 1), 2), 0.5, random.choice(["buy", "sell"])] for _ in range(count)]


def _sim(random: Random, tick: str, step: str) -> dict[str, Any]:
    sim: dict[str, Any] = {
        "pair": "BTC-USDT",
        "price_tick": tick,
        "size_step": step,
        "balance": random.choice(["1000000", "250", "60"]),
        "maker_fee": random.choice(["0", "0.001", "-0.0001"]),
        "reserve_margin": random.random() < 0.5,
        "handshake": random.random() < 0.2,
        "cancel_latency": random.choice([0, 0, 1, 3, 7]),
    }
    if random.random() < 0.4:
        sim["max_fill_per_tick"] = random.choice(["0.4", "0.05", "1.5"])
    if random.random() < 0.3:
        sim["initial_position"] = [random.choice(["1", "-1", "0.7", "-2.5"]), random.choice(["100", "97.35", "103"])]
    if random.random() < 0.3:
        sim["min_size"] = random.choice(["0.01", "0.5"])
    return sim


def _strategy(random: Random, step: float) -> dict[str, Any]:
    def percent(*values: float) -> float:
        return random.choice(values)

    required: dict[str, Any] = {
        "leverage": random.choice([1, 3, 10]),
        "position_mode": random.choice(["One-way", "Hedge"]),
        "bid_spread": percent(0.1, 0.5, 1, 2),
        "ask_spread": percent(0.1, 0.5, 1, 2),
        "order_refresh_time": random.choice([1, 3, 5, 12, 2.5]),
        "order_amount": random.choice([1, 0.4, 2.3, step * 3]),
        "stop_loss_spread": percent(0, 0.25, 1, 3, 20),
    }
    optional: dict[str, Any] = {
        "minimum_spread": percent(-100, -1, 0.3, 0.8),
        "order_refresh_tolerance_pct": percent(-1, 0, 0.2, 1, 10),
        "position_management": random.choice(["Profit_taking", "Trailing_stop"]),
        "long_profit_taking_spread": percent(0, 0.3, 1),
        "short_profit_taking_spread": percent(0, 0.3, 1),
        "ts_activation_spread": percent(0, 0.3, 1),
        "ts_callback_rate": percent(0, 0.2, 0.5),
        "close_position_order_type": random.choice(["LIMIT", "MARKET"]),
        "time_between_stop_loss_orders": random.choice([2, 8, 60]),
        "stop_loss_slippage_buffer": percent(0, 0.5, 3),
        "price_ceiling": random.choice([-1, 103.3]),
        "price_floor": random.choice([-1, 98.1]),
        "ping_pong_enabled": True,
        "order_levels": random.choice([1, 2, 4]),
        "order_level_amount": random.choice([0, 0.5, -0.3]),
        "order_level_spread": percent(0.2, 1),
        "filled_order_delay": random.choice([1, 4, 10, 60]),
        "hanging_orders_enabled": True,
        "hanging_orders_cancel_pct": percent(1, 3, 10),
        "order_optimization_enabled": True,
        "ask_order_optimization_depth": random.choice([0, 1, 4.2]),
        "bid_order_optimization_depth": random.choice([0, 1, 4.2]),
        "add_transaction_costs": True,
        "take_if_crossed": random.random() < 0.5,
        "price_type": random.choice(["mid_price", "last_price", "last_own_trade_price", "best_bid", "best_ask"]),
        "order_override": {"a": ["buy", 0.4, 1.2], "b": ["sell", -0.2, 0.7], "c": ["hold", 1, 3], "d": ["sell", 1, 2]},
    }
    rare = {"order_override": 0.1, "minimum_spread": 0.2, "take_if_crossed": 0.2}
    return required | {key: value for key, value in optional.items() if random.random() < rare.get(key, 0.5)}
