"""The data sets of the course: where each comes from, and what it should hold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """One zip file: where it is (URL or path), its size in bytes, its digest if published."""

    url: str
    size: int | None
    sha256: str | None
    into: str = ""  # folder to extract into, for archives that have none of their own

    @property
    def name(self):
        return self.url.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True)
class Entry:
    """What the registry knows about a data set; folders are relative to where it is extracted."""

    archives: tuple[Archive, ...]
    directory: str
    held_out: str | None
    class_names: tuple[str, ...]
    licence: str  # of the real data; a sample brings its own LICENSE.txt
    page: str
    tables: tuple[str, ...] = ()  # CSV files with a picture a line, instead of class folders


GOOGLE = "https://storage.googleapis.com"
# Sizes and digests as TensorFlow Datasets records them.
DATASETS = {
    "cats_vs_dogs": Entry(
        archives=(
            Archive(
                "https://download.microsoft.com/download/3/E/1/"
                "3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip",
                824_887_076,
                "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
            ),
        ),
        directory="PetImages",
        held_out=None,
        class_names=("Cat", "Dog"),
        licence="CDLA-Permissive-2.0 (Microsoft)",
        page="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
    ),
    "cats_vs_dogs_filtered": Entry(
        archives=(
            Archive(
                f"{GOOGLE}/mledu-datasets/cats_and_dogs_filtered.zip",
                68_606_236,
                None,  # not published: `fetch` notes the digest on first use
            ),
        ),
        directory="cats_and_dogs_filtered/train",
        held_out="cats_and_dogs_filtered/validation",
        class_names=("cats", "dogs"),
        licence="not stated; a selection from Kaggle's Dogs vs. Cats",
        page="https://www.kaggle.com/c/dogs-vs-cats",
    ),
    "rock_paper_scissors": Entry(
        archives=(
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/rps.zip",
                200_682_221,
                "c2403444395842ad04c53612bad54b574443eae17a0723117a2ff87b9d72194f",
            ),
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/rps-test-set.zip",
                29_516_758,
                "c27ab9fa43ce40b2e453de711365b477f4424586edf0388116674fd320f07503",
            ),
        ),
        directory="rps",
        held_out="rps-test-set",
        class_names=("paper", "rock", "scissors"),
        licence="CC BY 2.0 (Laurence Moroney)",
        page="https://laurencemoroney.com/datasets.html",
    ),
    "horses_or_humans": Entry(
        archives=(
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/horse-or-human.zip",
                149_574_867,
                "e2e6f70d3d549c5dd10a57165e55af253ee66ad750403f95c0fb76bb943633a9",
                into="horse-or-human",
            ),
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/validation-horse-or-human.zip",
                11_480_187,
                "ae5fff2f4f5554791f05358108e2e05d9801b191f1896ea101402f0e7f6c32c0",
                into="validation-horse-or-human",
            ),
        ),
        directory="horse-or-human",
        held_out="validation-horse-or-human",
        class_names=("horses", "humans"),
        licence="CC BY 2.0 (Laurence Moroney)",
        page="https://laurencemoroney.com/datasets.html",
    ),
    "finger_counting": Entry(
        archives=(),  # made for the course: there is only the sample
        directory="",
        held_out=None,
        class_names=("0", "1", "2", "3", "4", "5"),
        licence="CC0 1.0",
        page="",
        tables=("train.csv", "test.csv"),
    ),
    "sign_language_mnist": Entry(
        archives=(
            Archive("sign_mnist_train.csv", None, None),  # no URL: behind a login
            Archive("sign_mnist_test.csv", None, None),
        ),
        directory="",
        held_out=None,
        class_names=tuple("ABCDEFGHIJKLMNOPQRSTUVWXY"),  # of J there are no pictures
        licence="CC0 1.0 (tecperson, on Kaggle)",
        page="https://www.kaggle.com/datasets/datamunge/sign-language-mnist",
        tables=("sign_mnist_train.csv", "sign_mnist_test.csv"),
    ),
}
