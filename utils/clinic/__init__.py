"""Networks that were made sick on purpose, to be examined, diagnosed and mended.

>>> from utils import clinic
>>> patient = clinic.patient("week1")
>>> patient
Patient week1, number 1: cats and dogs, 4 tests left.

Order tests (`clinic.TESTS` says what each shows, `patient.budget` how many are left), name the
illness by ``patient.diagnose("...")``, one of `clinic.ILLNESSES`, and what helps by
``patient.mend("...")``, one of `clinic.MENDS`. A wrong diagnosis costs a test; where none is left,
it ends the case. There are two patients in each of weeks 1 to 3 and
three in week 4: ``clinic.patient("week4", 3)`` is the last. ``maintain/patients.py`` has made them
from the sample pictures.
"""

from utils.clinic import _illnesses
from utils.clinic._patient import BUDGET, PATIENTS, TESTS, Patient, patient

# Names and what they mean, no more: signs and treatments would give the patients away. By the
# alphabet, so that no illness stands beside its mend.
ILLNESSES = {name: _illnesses.ILLNESSES[name].what for name in sorted(_illnesses.ILLNESSES)}
MENDS = sorted(_illnesses.MENDS)

__all__ = ["BUDGET", "ILLNESSES", "MENDS", "PATIENTS", "TESTS", "Patient", "patient"]
