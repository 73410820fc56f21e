"""The repeated tape is one unbroken capture: ids chain, times rise, and each copy ends in the book of the first."""

from itertools import pairwise

from tests.bench.tape import Book, Line, apply, repeated

E0 = 1_700_000_000_000


def depth(ms: int, first: int, last: int, before: int, bids: list[list[str]], asks: list[list[str]]) -> Line:
    data = {"e": "depthUpdate", "E": E0 + ms, "T": E0 + ms, "U": first, "u": last, "pu": before, "b": bids, "a": asks}
    return Line((E0 + ms) * 1000, {"stream": "x@depth", "data": data})


def trade(ms: int, number: int) -> Line:
    data = {"e": "trade", "E": E0 + ms, "T": E0 + ms, "t": number, "p": "100.1", "q": "1", "m": False}
    return Line((E0 + ms) * 1000, {"stream": "x@trade", "data": data})


def mark(ms: int) -> Line:
    data = {
        "e": "markPriceUpdate",
        "E": E0 + ms,
        "p": "100.05",
        "r": "0.0001",
        "T": -(-(E0 + ms) // 28_800_000) * 28_800_000,
    }
    return Line((E0 + ms) * 1000, {"stream": "x@markPrice", "data": data})


SNAPSHOT = {"lastUpdateId": 15, "E": E0, "T": E0, "bids": [["100.0", "5"], ["99.0", "1"]], "asks": [["100.1", "4"]]}
TAPE = [
    depth(0, 1, 9, 0, [["90.0", "1"]], []),
    Line((E0 + 1) * 1000, SNAPSHOT),
    depth(2, 10, 20, 9, [["100.0", "6"]], []),
    trade(3, 700),
    mark(4),
    depth(5, 21, 30, 20, [["100.0", "0"], ["99.0", "0"], ["101.0", "2"]], [["100.1", "0.000"], ["101.1", "3"]]),
    trade(6, 701),
]


def books(lines: list[Line]) -> list[Book]:
    book: Book = {"b": {}, "a": {}}
    seen = []
    for line in lines:
        if "lastUpdateId" in line.data:
            book = {"b": dict(SNAPSHOT["bids"]), "a": dict(SNAPSHOT["asks"])}  # type: ignore[call-overload]
        elif line.is_depth and line.data["u"] > SNAPSHOT["lastUpdateId"]:
            apply(book, line.data)
            seen.append({side: dict(levels) for side, levels in book.items()})
    return seen


def test_ids_chain_and_times_rise() -> None:
    lines = list(repeated(TAPE, 4))
    depths = [line.data for line in lines if line.is_depth]
    assert all(later["pu"] == earlier["u"] and later["U"] > earlier["u"] for earlier, later in pairwise(depths))
    trades = [line.data["t"] for line in lines if "t" in line.data]
    assert trades == list(range(700, 708))
    assert [line.stamp for line in lines] == sorted({line.stamp for line in lines})
    assert [line.data["T"] for line in lines if line.is_depth] == sorted(d["T"] for d in depths)


def test_every_copy_ends_in_the_same_book_and_none_is_crossed() -> None:
    seen = books(list(repeated(TAPE, 3)))
    assert [book for book in seen if "101.0" in book["b"]] == [seen[1]] * 3
    assert all(max(map(float, book["b"])) < min(map(float, book["a"])) for book in seen)


def test_the_next_funding_is_the_venues_own_instant() -> None:
    for line in repeated(TAPE, 3):
        if line.data.get("e") == "markPriceUpdate":
            assert line.data["T"] % 28_800_000 == 0
            assert 0 <= line.data["T"] - line.data["E"] < 28_800_000
