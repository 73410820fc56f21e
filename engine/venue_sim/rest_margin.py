"""Margin that an account moves to its isolated positions, or takes from them."""

from typing import Any

from engine.core.types import ZERO
from engine.venue_sim.account import Account, Leg, Move
from engine.venue_sim.contract import money
from engine.venue_sim.errors import ApiError, bad_value
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.paging import page
from engine.venue_sim.parameters import Parameters, number, optional_whole, text, whole

ADD, TAKE = 1, 2


def move(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """What was moved there can be taken back, as long as the position's initial margin at the mark price stays."""
    symbol, kind, amount = exchange.market(text(given, "symbol")).symbol, whole(given, "type"), number(given, "amount")
    leg = (symbol, (given.get("positionSide") or "BOTH").upper())
    if (leg[1] == "BOTH") == account.dual or leg[1] not in {"BOTH", "LONG", "SHORT"}:
        raise ApiError(-4061, "Order's position side does not match user's setting.")
    if kind not in {ADD, TAKE}:
        raise bad_value("type")
    if amount <= 0:
        raise ApiError(-4055, "Amount must be positive.")
    if not account.position(*leg).size:
        raise ApiError(-4054, "Cannot add position margin: position is 0.")
    if symbol not in account.isolated:
        raise ApiError(-4049, "Add margin only support for isolated position.")
    if kind == ADD and amount > exchange.margins(account).available:
        raise ApiError(-4050, "Cross balance insufficient.")
    if kind == TAKE and amount > _spare(exchange, account, leg):
        raise ApiError(-4051, "Isolated balance insufficient.")
    signed = amount if kind == ADD else -amount
    account.moved[leg] = account.moved.get(leg, ZERO) + signed
    account.moves.append(Move(leg=leg, amount=signed, at_ms=exchange.now_ms))
    exchange.tell_account(account, "MARGIN_TRANSFER", [leg])
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": kind}


def _spare(exchange: Exchange, account: Account, leg: Leg) -> Any:
    margins, position = exchange.margins(account), account.position(*leg)
    beyond = margins.isolated_margin(leg, position) - margins.initial_of(leg, position)
    return min(account.moved.get(leg, ZERO), beyond)


def history(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol, kind = exchange.market(text(given, "symbol")).symbol, optional_whole(given, "type")
    wanted = (each for each in account.moves if each.leg[0] == symbol and kind in {None, _kind(each)})
    return [
        {
            "symbol": symbol,
            "type": _kind(each),
            "deltaType": "USER_ADJUST",
            "amount": money(abs(each.amount)),
            "asset": account.asset,
            "time": each.at_ms,
            "positionSide": each.leg[1],
        }
        for each in page(given, 500).of(wanted, lambda each: each.at_ms)
    ]


def _kind(each: Move) -> int:
    return ADD if each.amount > 0 else TAKE
