"""The SIMD lanes against numpy."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytest

from renderer.tiles.simd import (
    LANES,
    any_positive,
    exp2,
    fma,
    lanes_count,
    lanes_load,
    lanes_store,
    negative_magnitude,
    spread,
    store_sums,
    where_greater,
)

DTYPES = [np.float32, np.float64]
Values = npt.NDArray[Any]


@numba.njit(error_model="numpy")
def _exp2(values: Any, out: Any) -> None:
    for i in range(0, len(values), LANES):
        lanes_store(out, i, exp2(lanes_load(values, i)))


@numba.njit(error_model="numpy")
def _sums(values: Any, out: Any) -> None:
    a, b, c = lanes_load(values, 0), lanes_load(values, LANES), lanes_load(values, 2 * LANES)
    store_sums(out, 0, (a, b, c))


@numba.njit(error_model="numpy")
def _mixed(values: Any, out: Any) -> bool:
    a, count = lanes_load(values, 0), lanes_count(values)
    lanes_store(out, 0, where_greater(a, spread(a, 0.5), fma(a, count, a), negative_magnitude(a)))
    lanes_store(out, LANES, (a + count) * (a - count) / (count + spread(a, 1)))
    return bool(any_positive(a))


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 2.5e-7), (np.float64, 1e-15)])
def test_exp2_is_exact_enough(dtype: type, error: float) -> None:
    values: Values = np.linspace(-90, 10, 16 * 4096).astype(dtype)
    out = np.empty_like(values)
    _exp2(values, out)
    exact = np.exp2(values.astype(np.float64))
    assert np.abs(out / exact - 1).max() < error


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp2_of_the_absurd_is_next_to_nothing(dtype: type) -> None:
    values: Values = np.full(LANES, -1e30, dtype)
    values[0], values[1] = -np.inf, np.nan
    out = np.empty_like(values)
    _exp2(values, out)
    np.testing.assert_allclose(out, 2.0**-100, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_stand_in_their_order(dtype: type) -> None:
    values: Values = np.random.default_rng(0).standard_normal(3 * LANES).astype(dtype)
    out: Values = np.full(LANES, 7, dtype)
    _sums(values, out)
    np.testing.assert_allclose(out[:3], values.reshape(3, LANES).sum(1), rtol=1e-5)
    assert (out[3:] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_arithmetic_and_choice(dtype: type) -> None:
    values: Values = np.random.default_rng(1).standard_normal(LANES).astype(dtype)
    values[3] = np.nan
    out: Values = np.empty(2 * LANES, dtype)
    count: Values = np.arange(LANES, dtype=dtype)
    assert _mixed(values, out)
    assert not _mixed(np.full(LANES, -1, dtype), np.empty(2 * LANES, dtype))
    _mixed(values, out)
    chosen = np.where(values > 0.5, values * count + values, -np.abs(values))
    np.testing.assert_allclose(out[:LANES], chosen, rtol=1e-6, equal_nan=True)
    np.testing.assert_allclose(
        out[LANES:], (values + count) * (values - count) / (count + 1), rtol=1e-5, atol=1e-6, equal_nan=True
    )
