"""Great Expectations: thirty expectations about the present rows, five of them divergences from the baseline's bins."""

import great_expectations as gx
import numpy as np
from measured import CATEGORIES, NUMBERS, Parts, frames

parts = Parts()
baseline, current = frames(parts)
expect = gx.expectations


def bins(name):
    """The baseline's deciles and their shares."""
    edges = np.unique(np.nanquantile(baseline[name], np.linspace(0, 1, 11)))
    shares = np.histogram(baseline[name].dropna(), edges)[0] / baseline[name].notna().sum()
    return {"bins": edges.tolist(), "weights": shares.tolist(), "tail_weights": [0.0, 0.0]}


def wanted():
    """Means, quantiles, ranges, sets and divergences."""
    means = baseline[NUMBERS].mean()
    found = [
        expect.ExpectColumnMeanToBeBetween(column=n, min_value=means[n] - 0.1, max_value=means[n] + 0.1)
        for n in NUMBERS[:10]
    ]
    found += [expect.ExpectColumnValuesToBeBetween(column=n, min_value=-50, max_value=50) for n in NUMBERS[10:15]]
    found += [
        expect.ExpectColumnQuantileValuesToBeBetween(
            column=n, quantile_ranges={"quantiles": [0.5], "value_ranges": [[-50, 50]]}
        )
        for n in NUMBERS[15:]
    ]
    found += [
        expect.ExpectColumnDistinctValuesToBeInSet(column=n, value_set=sorted(baseline[n].unique())) for n in CATEGORIES
    ]
    found += [
        expect.ExpectColumnKLDivergenceToBeLessThan(
            column=n, partition_object=bins(n), threshold=0.1, tail_weight_holdout=0.01, internal_weight_holdout=0.01
        )
        for n in NUMBERS[:5]
    ]
    return found


context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
suite = parts.time("bins", lambda: gx.ExpectationSuite(name="speed", expectations=wanted()))
batch = (
    context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
).get_batch({"dataframe": current})
parts.time("validate", lambda: batch.validate(suite))
parts.tell("30 expectations about the present rows")
