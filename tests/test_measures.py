"""Behaviour of utils.measures."""

import numpy as np
import pytest

from utils import measures


def test_wilson_interval_agrees_with_the_formula():
    z = 1.959963984540054
    p, n = 0.7, 100
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    np.testing.assert_allclose(measures.wilson_interval(70, 100), (middle - half, middle + half))
    assert measures.wilson_interval(0, 10)[0] == 0 and measures.wilson_interval(10, 10)[1] == 1


def test_wilson_interval_takes_counts_of_any_kind():
    answers = np.array([True, False, True])
    expected = measures.wilson_interval(2, 3)
    for correct in (answers.sum(), answers.astype(float).sum(), np.int32(2), 2.0):
        assert measures.wilson_interval(correct, len(answers)) == expected
    assert measures.wilson_interval(1, 100) != measures.wilson_interval(100, 100)


@pytest.mark.parametrize(
    ("correct", "total"),
    [(0, 0), (11, 10), (-1, 10), (0.85, 100), (1.0, 100), (np.float32(1), 9), (float("nan"), 5)],
)
def test_wilson_interval_refuses_shares_and_the_impossible(correct, total):
    with pytest.raises(ValueError, match="count pictures, not shares"):
        measures.wilson_interval(correct, total)


def test_confusions_have_the_truth_in_rows():
    counts = measures.confusion_counts([0, 0, 0, 1], ["a", "b", "b", "b"], ["a", "b", "c"])
    assert counts.tolist() == [[1, 2, 0], [0, 1, 0], [0, 0, 0]]
    with pytest.raises(ValueError, match="do not belong together"):
        measures.confusion_counts([0, 1, 1], [0, 1], ["a", "b"])


def test_mistakes_come_in_the_order_of_sureness():
    shares = [[0.9], [0.8], [0.97], [0.3], [0.1]]
    wrong, said, sureness = measures.surest_mistakes([0, 1, 0, 1, 0], shares, ["Cat", "Dog"])
    assert (wrong.tolist(), said.tolist()) == ([2, 0, 3], [1, 1, 0])
    np.testing.assert_allclose(sureness, [0.97, 0.9, 0.7])


def test_mistakes_need_to_know_how_sure_the_model_was():
    for answers in ([0, 1, 1], [0.0, 1.0, 1.0]):
        with pytest.raises(ValueError, match="how sure"):
            measures.surest_mistakes([0, 1, 0], answers, ["Cat", "Dog"])
    with pytest.raises(ValueError, match="do not belong together"):
        measures.surest_mistakes([0, 1, 0], [0.2, 0.7], ["Cat", "Dog"])
