"""Many decimals at once are what Python's Decimal says of each."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.decimals import SCALE, BadNumberError, decimal128, grid_of_floats, in_units, mantissas, whole_units

numbers = st.decimals(min_value=0, max_value=10**9, places=None, allow_nan=False).map(lambda d: f"{d:f}"[:17])
uniform = st.integers(0, 10**12).map(lambda n: f"{Decimal(n).scaleb(-3):f}")
units = st.sampled_from([Decimal(u) for u in ("0.1", "0.001", "0.5", "1", "10", "0.00001", "0.25", "0.05")])


@given(st.one_of(st.lists(numbers, min_size=1), st.lists(uniform, min_size=1)))
def test_mantissas_lose_nothing(written: list[str]) -> None:
    whole, places = mantissas(",".join(written).encode())
    read = [Decimal(int(w)).scaleb(-int(p)) for w, p in zip(whole, places, strict=True)]
    assert read == [Decimal(text) for text in written]


@given(st.lists(st.integers(0, 10**9), min_size=1), units, st.integers(0, 3))
def test_what_is_on_the_grid_comes_back_as_its_count(counts: list[int], unit: Decimal, zeros: int) -> None:
    written = [f"{count * unit:f}" for count in counts]
    padded = [text + "0" * zeros if "." in text else text for text in written]
    assert whole_units(",".join(padded).encode(), unit).tolist() == counts


@given(st.lists(uniform, min_size=1), units)
def test_what_is_off_the_grid_is_named_first(written: list[str], unit: Decimal) -> None:
    off = [n for n, text in enumerate(written) if Decimal(text) % unit]
    whole, places = mantissas(",".join(written).encode())
    if not off:
        assert in_units(whole, places, unit).tolist() == [Decimal(text) / unit for text in written]
        return
    with pytest.raises(BadNumberError) as bad:
        in_units(whole, places, unit)
    assert bad.value.index == off[0]


@given(st.one_of(st.lists(st.integers(0, 2**bits - 1), max_size=20) for bits in (20, 32, 53, 63)), units)
def test_decimal128_is_the_product(counts: list[int], unit: Decimal) -> None:
    column = decimal128(np.array(counts, np.int64), unit)
    assert column.to_pylist() == [count * unit for count in counts]
    assert column.type.scale == SCALE


@pytest.mark.parametrize("bad", ["", ".", "1,,2", "1.2.3", "-1", "nan", "1e400", "a", "1" * 19, "1,", " 1 2"])
def test_what_is_no_number_is_refused(bad: str) -> None:
    with pytest.raises(BadNumberError):
        mantissas(bad.encode())


def test_an_exponent_is_read() -> None:
    assert whole_units(b"1e-3,2E1", Decimal("0.001")).tolist() == [1, 20_000]


@given(st.lists(st.tuples(st.integers(0, 10**15 - 1), st.integers(0, 9)), min_size=1, max_size=20), units)
def test_decimals_of_15_digits_are_counted_exactly_from_their_floats(
    numbers: list[tuple[int, int]], unit: Decimal
) -> None:
    written = [Decimal(digits).scaleb(-places) for digits, places in numbers]
    found = grid_of_floats(np.array([float(each) for each in written]), unit)
    off = any(each % unit for each in written)
    assert found is None if off else found is None or found.tolist() == [each / unit for each in written]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20), units)
def test_whole_units_are_never_doubted(counts: list[int], unit: Decimal) -> None:
    found = grid_of_floats(np.array([float(count * unit) for count in counts]), unit)
    assert found is not None or max(counts) * unit >= 10**9
    assert found is None or found.tolist() == counts


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan, 1e308, -1.0])
def test_a_float_that_is_no_count_is_left_to_the_text(odd: float) -> None:
    assert grid_of_floats(np.array([1.0, odd]), Decimal("0.1")) is None
