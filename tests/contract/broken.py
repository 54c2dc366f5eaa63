"""A good contract, and what breaks it: old text, new text, the line, and words of the answer."""

from baseline_pipeline.contract.reading import COMPONENT_TYPE

GOOD = f"""\
type: {COMPONENT_TYPE}
attributes:
  name: churn
  task: binary_classification
  data:
    source: {{csv: data/churn.csv}}
    row_id: [customer]
    label: left
    features:
      - {{name: tenure}}
  model: {{function: "churn:predict", positive_class: 1}}
  slices:
    - {{by: [plan]}}
  metrics:
    - {{metric: roc_auc, margin: {{absolute: 0.01}}}}
"""
BROKEN = {
    "a misspelt word": ("label: left", "lable: left", 8, ["'lable'", "did you mean 'label'?", "accepted:"]),
    "a missing word": ("    label: left\n", "", 5, ["'label' is missing"]),
    "a bare margin": ("{absolute: 0.01}", "0.01", 15, ["0.01", "absolute"]),
    "an unknown metric": ("metric: roc_auc", "metric: auc", 15, ["'auc' is not known", "did you mean 'roc_auc'?"]),
    "parameters beside the name": (
        "metric: roc_auc",
        "metric: f_beta, beta: 2, average: macro",
        15,
        ["metrics.0.beta: beta, average are parameters of f_beta; accepted: `parameters: {beta: ..., average: ...}`"],
    ),
    "a wrong task": (
        "task: binary_classification",
        "task: binary_clasification",
        4,
        ["'binary_clasification'", "did you mean 'binary_classification'?"],
    ),
    "two sources": (
        "{csv: data/churn.csv}",
        "{csv: a.csv, parquet: b.parquet}",
        6,
        ["exactly one source", "found parquet, csv"],
    ),
    "a duplicate key": (
        "    label: left\n",
        "    label: left\n    label: right\n",
        9,
        ["'label'", "second time", "line 8"],
    ),
    "an alias": ("label: left", "label: &x left", 8, ["anchors"]),
    "not a number": ("absolute: 0.01", "absolute: .nan", 15, [".nan", "not a number"]),
    "a day that no calendar has": (
        "  metrics:\n",
        "  monitoring: {reference: [2026-08-01, 2026-09-31]}\n  metrics:\n",
        14,
        ["2026-09-31 reads as a day or time, and is none: day is out of range for month"],
    ),
    "a tag": ("label: left", "label: !!timestamp left", 8, ["tags (!!timestamp) are not accepted"]),
    "a number as a duration": (
        "label: left",
        "label: left\n    label_delay: 7",
        9,
        ["data.label_delay: 7 stood here; accepted: a text such as 90s, 15m, 6h, 1d, 2w"],
    ),
    "a label among the features": ("name: tenure", "name: left", 5, ["'left' is also a feature"]),
    "no positive class": (", positive_class: 1", "", 11, ["positive_class"]),
    "a forbidden condition": (
        "{by: [plan]}",
        "{name: x, where: \"__import__('os')\"}",
        13,
        ["is not accepted", "accepted:"],
    ),
    "a slice declared twice over": ("{by: [plan]}", '{by: [plan], where: "a > 1"}', 13, ["exactly one of them"]),
    "a slice declared twice": (
        "{by: [plan]}",
        "{by: [plan]}\n    - {by: [plan], min_rows: 9}",
        14,
        ["slices.1: the same rows as slices.0; accepted: each slice once"],
    ),
    "a name of two slices": (
        "{by: [plan]}",
        "{name: high, where: a > 1}\n    - {name: high, where: a > 2}",
        14,
        ["slices.1.name: 'high' stands for slices.0; accepted: a name of its own"],
    ),
    "a name of values": ("{by: [plan]}", "{by: [plan], name: plans}", 13, ["`name` is what a `where` slice is called"]),
    "a slice called like all rows": ("{by: [plan]}", "{name: all, where: a > 1}", 13, ["'all' stands for all rows"]),
    "a slice called like a value": (
        "{by: [plan]}",
        "{by: [plan]}\n    - {name: plan=new, where: a > 1}",
        14,
        ["slices.1.name: 'plan=new' stands for a value of 'plan'"],
    ),
    "a slice by a column twice": ("{by: [plan]}", "{by: [plan, plan]}", 13, ["slices.0.by: column 'plan' is listed 2"]),
    "a column twice in a row's name": (
        "row_id: [customer]",
        "row_id: [customer, customer]",
        7,
        ["data.row_id: column 'customer' is listed 2 times; accepted: each column once"],
    ),
    "another folder's name": ("name: churn", "name: chorn", 3, ["'chorn'", "'churn'"]),
    "a severe narrower than the margin": (
        "margin: {absolute: 0.01}",
        "margin: {absolute: 0.01}, severe: {absolute: 0.001}",
        15,
        ["narrower"],
    ),
    "a negative margin": ("absolute: 0.01", "absolute: -0.01", 15, ["-0.01 stood here; accepted: a number above 0"]),
    "a metric of another task": ("metric: roc_auc", "metric: r2", 15, ["'r2' is for regression"]),
    "a metric listed twice": (
        "margin: {absolute: 0.01}}",
        "margin: {absolute: 0.01}}\n    - metric: roc_auc\n      margin: {absolute: 0.02}",
        16,
        ["metrics.1.metric: metric 'roc_auc' is listed twice"],
    ),
    "a ranking without queries": ("task: binary_classification", "task: ranking", 5, ["ranking needs data.query"]),
    "queries of another task": ("label: left", "label: left\n    query: q", 9, ["data.query ('q') is for ranking"]),
    "answers ranked by AUC": ("task: binary_classification", "task: question_answering", 15, ["'roc_auc' is for"]),
    "a bracket left open": ("row_id: [customer]", "row_id: [customer", 8, ["not valid YAML"]),
    "a tab": ("    label: left", "\tlabel: left", 8, ["not valid YAML"]),
    "a number for a word": (
        "label: left",
        "label: 7",
        8,
        ["data.label: 7 stood here; accepted: a text, not empty; in quotes: '7'"],
    ),
    "a word that YAML takes for a truth value": (
        "metric: roc_auc",
        "metric: on",
        15,
        ["metrics.0.metric: on, which YAML reads as true, stood here; accepted: a text, not empty; in quotes: 'on'"],
    ),
    "a time that YAML takes for a number": (
        "label: left",
        "label: 12:30",
        8,
        ["12:30, which YAML reads as 750, stood"],
    ),
    "a class that YAML takes for a truth value": (
        "positive_class: 1",
        "positive_class: yes",
        11,
        ["model.positive_class: YAML reads the class yes as true", "write 'yes', in quotes, or true if that is meant"],
    ),
    "one of several classes that YAML takes for a truth value": (
        "positive_class: 1",
        "classes: [maybe, No, 'yes']",
        11,
        ["model.classes.1: YAML reads the class No as false", "'No', in quotes"],
    ),
    "a class that YAML takes for another number": (
        "metric: roc_auc",
        "metric: roc_auc, parameters: {average: 012}",
        15,
        ["metrics.0.parameters.average: YAML reads the class 012 as 10"],
    ),
    "a word for a list": (
        "row_id: [customer]",
        "row_id: customer",
        7,
        ["'customer' stood here; accepted: a list of 1"],
    ),
    "a number out of bounds": (
        "{by: [plan]}",
        "{by: [plan], quantiles: 1}",
        13,
        ["slices.0.quantiles: 1 stood here; accepted: a whole number from 2 to 20"],
    ),
    "a day that is none": (
        "positive_class: 1",
        "positive_class: 1, training: {window: [2026-01-01, later]}",
        11,
        ["training.window.1: 'later' stood here; accepted: a date, 2026-03-01"],
    ),
    "a type of another component": (COMPONENT_TYPE, "dagster.Sling", 1, ["dagster.Sling", COMPONENT_TYPE]),
    "a review on no day": (
        "  slices:\n",
        "  schedules: {review: '0 0 31 2 *'}\n  slices:\n",
        12,
        ["0 0 31 2 *", "no day that ever comes"],
    ),
    "a tick in no minute": (
        "  slices:\n",
        "  schedules: {monitor: '61 * * * *'}\n  slices:\n",
        12,
        ["minute '61' is not understood", "accepted: *, */2"],
    ),
    "an unknown word at the top": ("attributes:", "atributes:", None, ["did you mean 'attributes'?"]),
}
