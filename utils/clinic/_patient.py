"""A patient: the tests that can be ordered, the diagnosis, the mend."""

import difflib
import inspect
import textwrap
from pathlib import Path

import numpy as np

from utils import gates
from utils.clinic import _figures
from utils.clinic._illnesses import (
    ILLNESSES,
    MENDS,
    accuracy_of_the_predictions,
    against,
    decisive,
)

BUDGET = 4  # tests that may be ordered, less one for each wrong diagnosis
FOLDER = Path(__file__).with_name("patients")
PATIENTS = {f"week{week}": 3 if week == 4 else 2 for week in (1, 2, 3, 4)}  # how many there are


def patient(week, number=1):
    """Call a patient in.

    Args:
        week: "week1", "week2", "week3" or "week4"; a number will do.
        number: which of the week's patients, from 1: there are two, and three in week 4.

    Returns:
        Patient.

    Raises:
        ValueError: there is no such patient.
    """
    name = f"week{gates.week(week, [int(name[4:]) for name in PATIENTS])}"
    number = gates.whole_number(number, "number", 1)
    if number > PATIENTS[name]:
        raise ValueError(f"{name} has the patients 1 to {PATIENTS[name]}, but no {number!r}.")
    # allow_pickle=False is NumPy's default; it stands here because it must stay so.
    with np.load(FOLDER / f"{name}_{number}.npz", allow_pickle=False) as file:
        return Patient(name, number, {key: file[key] for key in file.files})


def ordered_test(look):
    """Make a method one of the tests: it costs one of the budget, once, or says that none is left.

    Ordering a test again is free.
    """

    def order(self):
        if look.__name__ not in self.ordered:
            if not self.budget:
                _say(self._nothing_left())
                return None
            self.ordered.append(look.__name__)
        return look(self)

    order.__name__, order.__doc__, order.is_test = look.__name__, look.__doc__, True
    return order


class Patient:
    """A small network with its history and predictions, made sick on purpose.

    Attributes:
        week, number: which one it is.
        about: what it was trained for, in words.
        ordered: names of the tests ordered so far.
        tries: the illnesses named so far.
        lost: True once a wrong diagnosis was given with no test left.
        diagnosed: True once the illness has been named.
        cured: True once the mend has been named, too.
    """

    def __init__(self, week, number, seen):
        self.week, self.number, self._seen = week, number, seen
        self.about = str(seen["about"])
        self.ordered, self.tries = [], []
        self.lost, self.diagnosed, self.cured = False, False, False

    def __repr__(self):
        return f"Patient {self.week}, number {self.number}: {self.about}, {self.budget} tests left."

    @property
    def budget(self):
        """Tests that may still be ordered; each illness that was named wrongly has cost one."""
        wrong = set(self.tries) - {str(self._seen["illness"])}
        return max(BUDGET - len(self.ordered) - len(wrong), 0)

    def _nothing_left(self):
        if self.lost:
            return (
                "The case is over: no test is left, and the diagnosis was wrong. Begin again: "
                f'patient = clinic.patient("{self.week}", {self.number}).'
            )
        seen = f" You may look again at {_list(self.ordered)}." if self.ordered else ""
        return (
            f'No tests are left.{seen} Now name the illness: patient.diagnose("..."), one of '
            "clinic.ILLNESSES. A wrong one ends the case."
        )

    def network(self):
        """Build the network with its trained weights, for a look of one's own; costs nothing.

        Returns:
            keras.Model, not compiled. The weights were stored in half precision.
        """
        from utils import quiet  # noqa: F401

        # isort: split
        import keras

        network = keras.models.model_from_json(str(self._seen["architecture"]))
        keys = sorted(key for key in self._seen if key.startswith("weight_"))
        network.set_weights([self._seen[key].astype(np.float32) for key in keys])
        return network

    # ------------------------------------------------------------ tests

    @ordered_test
    def curves(self):
        """Plot accuracy and loss over the epochs."""
        return _figures.curves(self._seen)

    @ordered_test
    def first_batch(self):
        """Show the first batch as it reaches the first convolution, each picture with its name."""
        return _figures.first_batch(self._seen)

    @ordered_test
    def confusion(self):
        """Plot how often each class was taken for which, on the validation pictures."""
        return _figures.confusion_matrix(self._seen)

    @ordered_test
    def loss_before_training(self):
        """Plot the loss before the first step and after training, beside that of guessing."""
        return _figures.losses(self._seen)

    @ordered_test
    def class_counts(self):
        """Plot how many pictures of each class either side has."""
        return _figures.class_counts(self._seen)

    @ordered_test
    def nearest_pictures(self):
        """Show validation pictures, each above the training picture that is most like it."""
        return _figures.nearest_pictures(self._seen)

    @ordered_test
    def predict_twice(self):
        """Plot the answers to the same pictures, asked twice."""
        return _figures.predict_twice(self._seen)

    @ordered_test
    def two_passes(self):
        """Show which pictures come in two passes over the set that was predicted."""
        return _figures.two_passes(self._seen)

    @ordered_test
    def outputs(self):
        """Plot what the last layer gives for three pictures, and say what the loss was told."""
        return _figures.outputs(self._seen)

    @ordered_test
    def layers(self):
        """Plot how far each layer's weights have moved since training began."""
        return _figures.layers(self._seen)

    # ------------------------------------------------------------ answers

    def diagnose(self, illness):
        """Name the illness; prints whether it is right, and why or why not.

        A wrong one costs a test, the same one again nothing. With no test left it ends the case.

        Args:
            illness: a key of `clinic.ILLNESSES`; part of one will do if it is clear.

        Returns:
            bool: whether it is this one.
        """
        if self.lost:
            _say(self._nothing_left())
            return False
        named = _chosen(illness, ILLNESSES, "illness")
        if named is None:
            return False
        is_new, left = named not in self.tries, self.budget
        self.tries.append(named)
        if named == str(self._seen["illness"]):
            self.diagnosed = True
            _say(f"✔ {named}: {ILLNESSES[named].what}.")
            if not self.ordered:
                _say("Named without a test, though: would you have treated it on that?")
            _say(f"How an expert goes about it. {ILLNESSES[named].expert}")
            _say('What helps? patient.mend("..."), one of clinic.MENDS.')
            return True
        _say(f"Not {named}.")
        found = against(named, self._seen, self.ordered)
        for test, sentence in found:
            _say(f"What you have seen speaks against it. {test}(): {sentence}.")
        if not found:
            _say(
                "None of the tests you have ordered speaks for or against it; "
                f"{decisive(named)}() would."
            )
        self.lost = is_new and not left
        _say(self._nothing_left() if not self.budget else f"Tests left: {self.budget}.")
        return False

    def mend(self, mend):
        """Name what helps; prints whether it does.

        Args:
            mend: a key of `clinic.MENDS`; part of one will do if it is clear.

        Returns:
            matplotlib Figure: the learning curves before and after; where they are the same, the
            confusion matrix after the mend. None if it does not help.
        """
        named = _chosen(mend, MENDS, "mend")
        if named is None:
            return None
        if not self.diagnosed:
            _say('First name the illness: patient.diagnose("..."), one of clinic.ILLNESSES.')
            return None
        illness = str(self._seen["illness"])
        if named != ILLNESSES[illness].mend:
            fits = next(name for name, other in ILLNESSES.items() if other.mend == named)
            _say(f"That helps against {fits}. Here it is {illness}: {ILLNESSES[illness].what}.")
            return None
        self.cured = True
        before = accuracy_of_the_predictions(self._seen)
        after = float(self._seen["mended_val_accuracy"][-1])
        _say(f"✔ {named}: {MENDS[named]}.")
        _say(f"Right answers to the validation pictures: {before:.0%} sick, {after:.0%} mended.")
        return _figures.mended(self._seen)


TESTS = {
    name: inspect.getdoc(method)
    for name, method in vars(Patient).items()
    if getattr(method, "is_test", False)
}


def _chosen(text, vocabulary, kind):
    """Return the key that `text` means, or None after saying what there is."""
    word = " ".join(str(text).lower().split())
    close = [key for key in vocabulary if word and word in key.lower()]
    if word in vocabulary:
        return word
    if len(close) == 1:
        return close[0]
    guesses = difflib.get_close_matches(word, vocabulary, n=1, cutoff=0.75)
    if guesses:
        return guesses[0]
    print(f"Which {kind} do you mean by {text!r}? There are:")
    for key in close or vocabulary:
        print(f"- {key}")
    return None


def _list(names):
    return ", ".join(f"{name}()" for name in names)


def _say(text):
    print(textwrap.fill(text, 96))
