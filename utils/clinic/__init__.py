"""Networks that were made sick on purpose, to be examined, diagnosed and mended.

>>> from utils import clinic
>>> patient = clinic.patient("week1")
>>> patient
Patient week1, number 1: cats and dogs, 4 tests left.

Order tests (`clinic.TESTS` lists them, `patient.budget` says how many are left), name the illness
(`clinic.ILLNESSES`) by ``patient.diagnose("...")`` and what helps (`clinic.MENDS`) by
``patient.mend("...")``. There are two patients in weeks 1 to 3 and three in week 4; all were made by
``maintain/patients.py`` from the sample pictures.
"""

from utils.clinic._illnesses import ILLNESSES, MENDS
from utils.clinic._patient import BUDGET, PATIENTS, TESTS, Patient, patient

__all__ = ["BUDGET", "ILLNESSES", "MENDS", "PATIENTS", "TESTS", "Patient", "patient"]
