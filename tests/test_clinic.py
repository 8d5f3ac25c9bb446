"""The clinic: each patient is sick as it should be, its mend cures it, and it answers a learner."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from maintain import patients as made
from utils import clinic
from utils.clinic import _illnesses, _patient
from utils.clinic._illnesses import ILLNESSES, MENDS, against, decisive

ALL = [(week, number) for week, count in clinic.PATIENTS.items() for number in range(1, count + 1)]
NAMES = [f"{week}_{number}" for week, number in ALL]


def shows(illness, seen):
    return [sign.shows(seen) for sign in ILLNESSES[illness].signs]


# ---------------------------------------------------------------- really sick, really cured


@pytest.fixture(scope="module", params=list(made.PATIENTS))
def remade(request):
    """(name, illness, evidence of the patient, evidence of its twin), trained here and now."""
    return request.param, made.PATIENTS[request.param][0], *made.make(request.param)


def test_a_patient_trained_anew_is_sick_and_its_mend_cures_it(remade):
    _, illness, sick, twin = remade
    assert all(shows(illness, sick))
    assert not shows(illness, twin)[0]
    others = [other for other in ILLNESSES if other != illness]
    assert [other for other in others if shows(other, sick)[0] or shows(other, twin)[0]] == []


def test_the_mend_makes_better_what_the_illness_spoiled(remade):
    _, illness, sick, twin = remade
    right, after = map(_illnesses.accuracy_of_the_predictions, (sick, twin))
    if illness == "training pictures in validation":  # it looked better than it was
        assert right > after + 0.1
        assert twin["accuracy"][-1] > after + 0.1
    elif illness == "softmax twice":  # prices, not answers
        assert twin["loss"][-1] < _illnesses.floor_of_the_loss(sick) < sick["loss"][-1]
    else:
        assert after > right + 0.03


def test_what_is_shipped_is_what_the_script_makes(remade):
    name, illness, sick, _ = remade
    shipped = clinic.patient(*ALL[NAMES.index(name)])._seen
    assert {key: value.shape for key, value in shipped.items()} == {
        key: np.shape(value) for key, value in sick.items()
    }
    assert str(shipped["illness"]) == illness
    # The last bits of a training differ between processors; what it was given does not.
    for key in ("training_ids", "validation_ids", "counts", "passes", "batch_names", "labels"):
        np.testing.assert_array_equal(shipped[key], sick[key])


@pytest.mark.parametrize(
    ("illness", "sign"),
    [(name, sign) for name, illness in ILLNESSES.items() for sign in illness.signs],
    ids=lambda value: getattr(value, "test", value),
)
def test_each_sign_rules_its_illness_out_for_other_patients(illness, sign):
    others = [clinic.patient(*who)._seen for who in ALL]
    others = [seen for seen in others if str(seen["illness"]) != illness]
    assert sum(not sign.shows(seen) for seen in others) >= 4


def test_every_illness_has_a_patient_and_every_mend_an_illness():
    assert sorted(illness for illness, *_ in made.PATIENTS.values()) == sorted(ILLNESSES)
    assert sorted(illness.mend for illness in ILLNESSES.values()) == sorted(MENDS)
    assert list(made.PATIENTS) == NAMES


# ---------------------------------------------------------------- what is shipped


@pytest.mark.parametrize("who", ALL, ids=NAMES)
def test_the_shipped_evidence_speaks_for_one_illness_alone(who):
    seen = clinic.patient(*who)._seen
    illness = str(seen["illness"])
    assert all(shows(illness, seen))
    assert [other for other in ILLNESSES if shows(other, seen)[0]] == [illness]


@pytest.mark.parametrize("who", ALL, ids=NAMES)
def test_the_shipped_network_gave_the_shipped_answers(who):
    patient = clinic.patient(*who)
    answers = patient.network().predict(patient._seen["asked"], verbose=0)
    np.testing.assert_allclose(answers, patient._seen["outputs"], atol=0.05)  # half precision


@pytest.mark.parametrize("name", NAMES)
def test_a_patient_is_small(name):
    assert (_patient.FOLDER / f"{name}.npz").stat().st_size <= 300_000


def test_a_file_that_would_run_code_is_refused(tmp_path, monkeypatch):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    np.savez(tmp_path / "week1_1.npz", about=np.array([Trap()], dtype=object), allow_pickle=True)
    monkeypatch.setattr(_patient, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        clinic.patient("week1")
    assert not (tmp_path / "ran").exists()


# ---------------------------------------------------------------- what a learner does


@pytest.mark.parametrize("test", clinic.TESTS)
def test_each_test_gives_a_figure(test):
    for who in [("week1", 1), ("week4", 1)]:  # two classes in colour, six in grey
        assert isinstance(getattr(clinic.patient(*who), test)(), Figure)


def test_tests_are_limited_and_a_second_look_is_free(capsys):
    patient = clinic.patient(1)
    first, *others = clinic.TESTS
    for name in [first, first, *others[: clinic.BUDGET - 1], first]:
        assert getattr(patient, name)() is not None
    assert patient.budget == 0 and capsys.readouterr().out == ""
    assert getattr(patient, others[-1])() is None
    assert "No tests are left" in capsys.readouterr().out
    assert others[-1] not in patient.ordered


@pytest.mark.parametrize("who", ALL, ids=NAMES)
def test_a_wrong_diagnosis_meets_the_evidence_that_was_seen(who, capsys):
    true = str(clinic.patient(*who)._seen["illness"])
    for wrong in set(ILLNESSES) - {true}:
        patient = clinic.patient(*who)
        assert patient.diagnose(wrong) is False
        assert f"{decisive(wrong)}() would" in capsys.readouterr().out
        patient.ordered.append(decisive(wrong))  # as the test does, without drawing
        assert patient.diagnose(wrong) is False
        said = capsys.readouterr().out
        assert f"speaks against it. {decisive(wrong)}():" in " ".join(said.split())
        assert true not in said and not patient.diagnosed


def test_a_wrong_diagnosis_costs_a_test_and_with_none_left_the_case(capsys):
    patient = clinic.patient(1)
    true = str(patient._seen["illness"])
    wrong = [name for name in clinic.ILLNESSES if name != true]
    for left, name in zip((3, 2, 1, 0), wrong, strict=False):
        for _ in range(2):  # the same one again costs nothing
            assert patient.diagnose(name) is False and patient.budget == left
    assert not patient.lost and patient.curves() is None and patient.ordered == []
    assert patient.diagnose(wrong[4]) is False and patient.lost
    capsys.readouterr()
    assert patient.diagnose(true) is False and not patient.diagnosed
    assert 'clinic.patient("week1", 1)' in capsys.readouterr().out


def test_the_right_diagnosis_costs_nothing():
    patient = clinic.patient(1)
    assert patient.diagnose(str(patient._seen["illness"])) is True
    assert patient.budget == clinic.BUDGET


def test_the_lists_that_a_learner_sees_give_no_patient_away():
    shown = repr((clinic.ILLNESSES, clinic.MENDS, clinic.TESTS))
    assert set(clinic.ILLNESSES) == set(ILLNESSES) and set(clinic.MENDS) == set(MENDS)
    assert "<function" not in shown
    for illness in ILLNESSES.values():
        assert illness.expert not in shown
        assert illness.mend not in repr(clinic.ILLNESSES)


@pytest.mark.parametrize("who", ALL, ids=NAMES)
def test_nothing_speaks_against_the_right_diagnosis(who):
    seen = clinic.patient(*who)._seen
    assert against(str(seen["illness"]), seen, list(clinic.TESTS)) == []


@pytest.mark.parametrize("who", ALL, ids=NAMES)
def test_the_right_diagnosis_and_mend_are_told(who, capsys):
    patient = clinic.patient(*who)
    illness = str(patient._seen["illness"])
    right = ILLNESSES[illness].mend
    assert patient.mend(right) is None and not patient.cured
    assert "First name the illness" in capsys.readouterr().out
    assert patient.diagnose(illness.upper()) is True and patient.diagnosed
    assert "expert" in capsys.readouterr().out
    for wrong in set(MENDS) - {right}:
        assert patient.mend(wrong) is None and not patient.cured
    capsys.readouterr()
    assert isinstance(patient.mend(right), Figure) and patient.cured
    assert "mended" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["tired", "", None, 3, "twice", ["leak"]])
def test_an_unknown_illness_gets_the_list(word, capsys):
    patient = clinic.patient("week1")
    assert patient.diagnose(word) is False
    assert "- softmax twice" in capsys.readouterr().out
    assert patient.tries == []


@pytest.mark.parametrize("word", ["softmax", " Softmax  twice ", "sofmax twice"])
def test_an_illness_is_understood_when_it_is_clear(word):
    assert clinic.patient("week4").diagnose(word) is True


@pytest.mark.parametrize("who", [("week5",), ("week1", 3), ("week1", 0), (None,), ("week1", "one")])
def test_a_patient_who_is_not_there(who):
    with pytest.raises(ValueError, match="no week|patients 1 to 2|number="):
        clinic.patient(*who)


def test_a_patient_is_called_in_by_whatever_number_it_has():
    for who in ((4, 3), ("4", 3.0), ("week4", np.int64(3)), (4.0, 3)):
        assert repr(clinic.patient(*who)).startswith("Patient week4, number 3:")
    with pytest.raises(ValueError, match="number=True"):
        clinic.patient(1, True)
