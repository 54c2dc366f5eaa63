"""Answers in words, made alike before they are compared, and the answers that a label accepts."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Callable

import numpy as np

from baseline_pipeline.metrics.domain import rows_needed
from baseline_pipeline.metrics.outcomes import Array, NotMeasurable, Outcomes

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """An answer as SQuAD compares it: lower case, without punctuation and English articles, one space between words.

    Source: Rajpurkar et al. (2016), SQuAD: 100,000+ questions for machine comprehension of text, EMNLP, section 6.1,
    and its evaluation program.

    Example:
        >>> normalised("The  Eiffel Tower, (Paris)!")
        'eiffel tower paris'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def accepted(label: str) -> list[str]:
    """The answers that a label accepts: the texts of a JSON list, else the label itself.

    Answers of which nothing is left do not count beside others; a label without any (`""`, `[]`) accepts no answer
    alone. Source: Rajpurkar, Jia and Liang (2018), Know what you don't know, ACL, and its evaluation program.

    Example:
        >>> accepted('["in 1889", "1889"]'), accepted("1889"), accepted("[]"), accepted("[sic]")
        (['in 1889', '1889'], ['1889'], [''], ['[sic]'])
    """
    answers = _listed(label)
    answers = [label] if answers is None else answers
    return [one for one in answers if normalised(one)] or [""]


def _listed(label: str) -> list[str] | None:
    if not label.lstrip().startswith("["):
        return None
    try:
        found = json.loads(label)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else None


def overlap(answer: str, other: str) -> float:
    """F1 of the words that two normalised answers share, each as often as both have it; 1 where both are empty.

    Example:
        >>> overlap("eiffel tower", "tower"), overlap("", ""), overlap("", "tower")
        (0.6666666666666666, 1.0, 0.0)
    """
    one, two = answer.split(), other.split()
    if not one or not two:
        return float(one == two)
    shared = sum((Counter(one) & Counter(two)).values())
    return 2 * shared / (len(one) + len(two))


def equal(answer: str, other: str) -> float:
    """1 where two normalised answers are the same."""
    return float(answer == other)


def best_of(outcomes: Outcomes, score: Callable[[str, str], float]) -> Array:
    """(n,) what each answer scores beside that accepted answer which it is nearest to.

    Args:
        outcomes: Labels and answers as text.
        score: From two normalised answers to a number.

    Raises:
        NotMeasurable: when there are no rows, or answers are no texts.
    """
    rows_needed(outcomes)
    if not outcomes.is_text:
        message = "the model gives no answers in words"
        raise NotMeasurable(message)
    known: dict[str, list[str]] = {}
    found = np.empty(len(outcomes))
    for place, (label, answer) in enumerate(zip(outcomes.label, outcomes.prediction, strict=True)):
        if label not in known:
            known[label] = [normalised(one) for one in accepted(label)]
        said = normalised(answer)
        found[place] = max(score(said, one) for one in known[label])
    return found
