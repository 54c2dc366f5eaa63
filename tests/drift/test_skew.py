"""The same rows twice: which columns differ, in how many rows, by how much."""

import pyarrow as pa

from baseline_pipeline.drift.skew import skews


def test_numbers_texts_and_missing_values_are_held_against_each_other():
    training = pa.table(
        {"n": [1.0, 2.0, None, 4.0], "t": ["a", "b", None, "d"], "same": [1, 2, 3, 4], "gone": [1.0, 1.0, 1.0, 1.0]}
    )
    serving = pa.table(
        {"n": [1.0, 5.0, None, 2.0], "t": ["a", "x", None, None], "same": [1.0, 2.0, 3.0, 4.0], "gone": [None] * 4}
    ).cast(pa.schema({"n": pa.float32(), "t": pa.string(), "same": pa.float64(), "gone": pa.float64()}))

    found = {one.column: one for one in skews(training, serving, ["n", "t", "same", "gone"])}

    assert list(found) == ["gone", "n", "t"]
    assert (found["n"].rows, found["n"].different, found["n"].mean_difference) == (4, 2, 0.5)
    assert found["n"].largest_difference == 3.0
    assert (found["t"].different, found["t"].mean_difference) == (2, None)
    assert (found["gone"].different, found["gone"].largest_difference) == (4, None)


def test_the_same_number_in_another_type_is_the_same():
    training = pa.table({"f": pa.array([0.1, 0.2], pa.float32()), "flag": [True, False], "price": [1.5, 2.0]})
    price = pa.array([1.5, 2.0]).cast(pa.decimal128(9, 2))
    serving = pa.table({"f": [0.1, 0.2], "flag": [1, 0], "price": price})

    assert skews(training, serving, ["f", "flag", "price"]) == ()
    assert skews(training, serving.set_column(0, "f", pa.array([0.1, 0.20001])), ["f"])[0].different == 1
