"""Fixtures that several test files share."""

import os
from pathlib import Path

import pytest
from little_sets import (  # noqa: F401  (fixtures)
    clean_environment,
    read_only,
    register,
    sample,
    server,
)

pytest.register_assert_rewrite("driving")  # of tests/browser

# Programs that tests start: looking for docstring examples would import them, and scale_ranks.py
# sets Keras' backend.
collect_ignore = ["lectures_again.py", "one_step.py", "scale_ranks.py"]


@pytest.fixture(scope="session")
def mirror():
    """Folder with archives of real photos and their SHA256SUMS."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "mirror"
    folder = Path(os.environ.get("COURSE_TEST_MIRROR", beside))
    if not (folder / "SHA256SUMS").exists():
        pytest.skip("no mirror of real photos: set COURSE_TEST_MIRROR to its folder")
    return folder
