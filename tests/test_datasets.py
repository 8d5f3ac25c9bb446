"""`utils.datasets.fetch`: what a learner gets, from where, and what the second call does."""

import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from filelock import FileLock
from little_sets import (
    ZIP,
    grey,
    label_csv,
    leftovers,
    pets,
    real,
    sha256,
    write_mirror,
    zip_of,
)

from utils import datasets, downloads, paths, registry
from utils.datasets import fetch, read_metadata, read_quarantine
from utils.registry import Archive

pytestmark = pytest.mark.usefixtures("clean_environment")


# What a learner gets


def test_sample_is_the_default(sample, tmp_path, server, capsys):
    sample(
        {
            **pets(),
            "metadata.csv": "file,yaw\nCat/0.jpg,30\n",
            "LICENSE.txt": "Free for\nall.\n\nMore.",
        }
    )
    dataset = fetch("pets", data_dir=tmp_path / "data")
    assert (dataset.name, dataset.source, dataset.licence) == ("pets", "sample", "Free for all.")
    assert dataset.class_names == ("Cat", "Puppy")
    assert dataset.counts == {"Cat": 4, "Puppy": 4}
    assert dataset.held_out is None
    assert (dataset.directory / "Puppy/3.jpg").read_bytes() == pets()["Pets/Puppy/3.jpg"]
    assert read_metadata(dataset) == [{"file": "Cat/0.jpg", "yaw": "30"}]
    assert read_quarantine(dataset) == []
    assert server.requests == []


def test_one_line_says_what_was_used_and_how_to_get_the_other(sample, tmp_path, capfd):
    sample({**pets(), "Pets/Cat/9.jpg": b""})
    for _ in range(2):
        fetch("pets", data_dir=tmp_path / "data")
        out, err = capfd.readouterr()
        assert out.count("\n") == 1 and err == ""
        for words in ("pets, sample", "4 Cat", "4 Puppy", "1 set aside", 'source="real"'):
            assert words in out
    real(tmp_path)
    out, err = capfd.readouterr()
    assert out.count("\n") == 1 and "pets, real:" in out and 'source="sample"' in out


def test_environment_chooses_the_source_and_the_argument_wins(sample, tmp_path, monkeypatch):
    sample()
    monkeypatch.setenv("COURSE_DATA", "real")
    assert fetch("pets", data_dir=tmp_path / "data").source == "real"
    assert fetch("pets", "sample", tmp_path / "data").source == "sample"
    monkeypatch.setenv("COURSE_DATA", "reel")
    with pytest.raises(ValueError, match="'reel'.*COURSE_DATA"):
        fetch("pets", data_dir=tmp_path / "data")


def test_empty_variables_count_as_unset(sample, tmp_path, monkeypatch, capsys):
    sample()
    for name in ("COURSE_DATA", "COURSE_MIRROR"):
        monkeypatch.setenv(name, "")
    assert fetch("pets", data_dir=tmp_path / "data").source == "sample"
    assert fetch("pets", "real", tmp_path / "data").source == "real"
    assert "COURSE_MIRROR" not in capsys.readouterr().out


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="'dogs_vs_cats'.*cats_vs_dogs, "):
        fetch("dogs_vs_cats")


def test_missing_samples_say_what_to_do(register, sample, tmp_path):
    register()
    with pytest.raises(FileNotFoundError, match='source="real"'):
        fetch("pets", data_dir=tmp_path / "data")  # no samples at all
    write_mirror(tmp_path / "samples", {"other.zip": b""})
    with pytest.raises(FileNotFoundError, match='no pets.zip.*source="real"'):
        fetch("pets", data_dir=tmp_path / "data")  # none of this set
    sample()
    (tmp_path / "samples/pets.zip").unlink()
    with pytest.raises(FileNotFoundError, match="git checkout data/samples"):
        fetch("pets", data_dir=tmp_path / "data")


def test_damaged_sample_is_refused(sample, tmp_path):
    sample()
    (tmp_path / "samples/pets.zip").write_bytes(ZIP[:-1] + b"!")
    with pytest.raises(ValueError, match=f"{sha256(ZIP[:-1] + b'!')}.*{sha256(ZIP)}"):
        fetch("pets", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()


def test_metadata_only_of_samples(register, tmp_path):
    register()
    with pytest.raises(ValueError, match='source="sample"'):
        read_metadata(real(tmp_path))


def test_held_out_part_and_stray_files(register, tmp_path):
    files = {
        f"top/{part}/{name[5:]}": data
        for part in ("train", "test")
        for name, data in pets(2).items()
    }
    files |= {"top/train/vectorize.py": b"1", "readme[1].txt": b"2", "top/train/Cat/a/b.jpg": b"3"}
    files |= {"top/test/Cat/7.jpg": b""}
    register(zip_of(files), directory="top/train", held_out="top/test")
    dataset = real(tmp_path)
    assert dataset.held_out == dataset.directory.parent / "test"
    assert sorted(os.listdir(dataset.directory)) == ["Cat", "Puppy"]
    assert sorted(os.listdir(dataset.held_out / "Cat")) == ["0.jpg", "1.jpg"]
    assert [row["file"] for row in read_quarantine(dataset)] == ["test/Cat/7.jpg"]
    assert (dataset.quarantine / "test/Cat/7.jpg").exists()
    root = dataset.directory.parents[1]
    assert not [f for f in root.rglob("*") if f.name in ("vectorize.py", "readme[1].txt", "b.jpg")]


def test_archives_without_a_top_folder_of_their_own(register, tmp_path, monkeypatch):
    register(directory="a", held_out="b")
    data = zip_of({name[5:]: content for name, content in pets(2).items()})
    folder = write_mirror(tmp_path / "mirror", {"one.zip": data, "two.zip": data})
    archives = Archive("one.zip", 1, "", into="a"), Archive("two.zip", 1, "", into="b")
    entry = replace(registry.DATASETS["pets"], archives=archives)
    monkeypatch.setitem(registry.DATASETS, "pets", entry)
    monkeypatch.setenv("COURSE_MIRROR", str(folder))
    dataset = real(tmp_path)
    assert dataset.counts == {"Cat": 2, "Puppy": 2}
    assert len(list(dataset.held_out.rglob("*.jpg"))) == 4


# The second call


def test_second_call_looks_at_no_picture_and_no_network(register, server, tmp_path, monkeypatch):
    register()
    first = real(tmp_path)

    def refuse(*_):
        raise AssertionError("the second call did the work again")

    for module, name in ((os, "listdir"), (os, "scandir"), (downloads, "sha256")):
        monkeypatch.setattr(module, name, refuse)
    server.requests.clear()
    assert real(tmp_path) == first
    assert server.requests == []


def test_second_call_needs_no_archive(register, server, tmp_path):
    register()
    first = real(tmp_path)
    shutil.rmtree(tmp_path / "data/downloads")
    assert real(tmp_path) == first
    assert len(server.downloads()) == 1


def test_import_is_light():
    # Processor time, which does not depend on what else the machine is doing.
    code = (
        "import sys, time; t = time.process_time(); import utils.datasets; "
        "print(time.process_time() - t); print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True, text=True, check=True
    )
    seconds, modules = run.stdout.splitlines()
    assert float(seconds) < 0.3
    assert not {"tensorflow", "numpy", "PIL", "pooch", "requests", "tqdm"} & set(modules.split())


def test_removed_pictures_are_counted_and_a_lost_folder_comes_back(register, server, tmp_path):
    register()
    dataset = real(tmp_path)
    (dataset.directory / "Cat/1.jpg").unlink()
    assert real(tmp_path).counts == {"Cat": 3, "Puppy": 4}
    for lost in (dataset.directory / "Cat", dataset.directory, dataset.directory.parent):
        shutil.rmtree(lost)
        assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    (dataset.directory.parent / "record.json").unlink()
    (dataset.directory / "Cat/1.jpg").unlink()
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert len(server.downloads()) == 1


@pytest.mark.parametrize("note", [b"", b"\0" * 75, b"0" * 64 + b"  other.zip\n", b"no digest"])
def test_damaged_note_of_a_digest_counts_as_none(register, server, tmp_path, note):
    register(digest=False)
    dataset = real(tmp_path)
    file = tmp_path / "data/downloads/pets.zip.sha256"
    file.write_bytes(note)
    assert real(tmp_path) == dataset
    assert file.read_text() == f"{sha256(ZIP)}  pets.zip\n"
    assert len(server.downloads()) == 1


def test_licence_in_another_encoding(sample, tmp_path):
    sample({**pets(), "LICENSE.txt": "Frei für alle.".encode("latin-1")})
    for _ in range(2):
        assert fetch("pets", data_dir=tmp_path / "data").licence.startswith("Frei f")


def test_waiting_for_another_program_is_said(sample, tmp_path, monkeypatch, capsys):
    sample()
    monkeypatch.setattr(datasets, "PATIENCE", 0.05)
    (tmp_path / "data/downloads").mkdir(parents=True)
    with FileLock(tmp_path / "data/downloads/pets.lock"):
        waiting = threading.Thread(target=fetch, args=("pets", "sample", tmp_path / "data"))
        waiting.start()
        time.sleep(0.5)
        assert "Another program is preparing pets" in capsys.readouterr().out
    waiting.join()
    assert "4 Cat" in capsys.readouterr().out


def test_folder_that_cannot_be_written(register, tmp_path):
    register()
    (tmp_path / "data").write_text("a file, where the folder should be")
    with pytest.raises(PermissionError, match="Cannot write pets to .*COURSE_DATA_DIR.*data_dir="):
        real(tmp_path)


@pytest.mark.parametrize("source", ["sample", "real"])
def test_share_that_can_only_be_read(sample, tmp_path, monkeypatch, read_only, source):
    sample()
    share = tmp_path / "share"
    monkeypatch.setenv("COURSE_DATA_DIR", str(share))
    with (
        read_only(share),
        pytest.raises(
            PermissionError, match="Cannot write pets to .*share .*COURSE_DATA_DIR, or fetch"
        ),
    ):
        fetch("pets", source)
    first = fetch("pets", source)  # by whoever keeps the share
    assert first.directory.is_relative_to(share)
    with read_only(share):
        assert fetch("pets", source) == first
    assert fetch("pets", source, tmp_path / "data").directory.is_relative_to(tmp_path / "data")


def test_part_of_another_user_is_named(register, tmp_path, monkeypatch):
    register()
    part = tmp_path / f"data/downloads/pets.zip.{sha256(ZIP)[:8]}.part"
    part.parent.mkdir(parents=True)
    part.mkdir()  # opens as badly as a file without permission
    with pytest.raises(PermissionError, match=f"Cannot write pets .*{part.name}.*COURSE_DATA_DIR"):
        real(tmp_path)


# Mirrors


@pytest.mark.parametrize("kind", ["folder", "file", "http"])
def test_mirror(register, server, tmp_path, monkeypatch, kind):
    register()
    server.files.clear()
    data = zip_of(pets(3))  # not the published one: the mirror's own digest counts
    folder = write_mirror(tmp_path / "my mirror", {"pets.zip": data})
    server.files |= {f"m/{f.name}": f.read_bytes() for f in folder.iterdir()}
    places = {"folder": str(folder), "file": folder.as_uri(), "http": f"{server.url}/m/"}
    monkeypatch.setenv("COURSE_MIRROR", places[kind])
    dataset = real(tmp_path)
    assert dataset.counts == {"Cat": 3, "Puppy": 3}
    assert dataset.directory.parent.name == f"pets-real-{sha256(data)[:8]}"
    assert real(tmp_path) == dataset
    assert len(server.downloads("m/pets.zip")) == (kind == "http")
    assert (folder / "pets.zip").read_bytes() == data


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_mirror_that_lacks_something(register, server, tmp_path, monkeypatch, kind):
    register()
    server.files.clear()
    place = str(tmp_path / "mirror") if kind == "folder" else f"{server.url}/m"
    monkeypatch.setenv("COURSE_MIRROR", place)
    with pytest.raises(
        FileNotFoundError, match="COURSE_MIRROR.*no SHA256SUMS.*unset COURSE_MIRROR"
    ):
        real(tmp_path)
    write_mirror(tmp_path / "mirror", {"other.zip": b""})
    server.files["m/SHA256SUMS"] = (tmp_path / "mirror/SHA256SUMS").read_bytes()
    with pytest.raises(FileNotFoundError, match="no pets.zip in its SHA256SUMS"):
        real(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "http", "page"])
def test_mirror_that_is_away_is_not_needed_again(
    register, server, tmp_path, monkeypatch, capsys, kind
):
    register()
    folder = write_mirror(tmp_path / "mirror", {"pets.zip": ZIP})
    server.files = {f"m/{f.name}": f.read_bytes() for f in folder.iterdir()}
    monkeypatch.setenv("COURSE_MIRROR", str(folder) if kind == "folder" else f"{server.url}/m")
    dataset = real(tmp_path)
    assert "cannot be read" not in capsys.readouterr().out
    folder.rename(tmp_path / "away")
    server.files.clear()
    server.portal = kind == "page"
    assert real(tmp_path) == dataset
    assert "COURSE_MIRROR (which cannot be read now" in capsys.readouterr().out
    shutil.rmtree(dataset.directory.parent)  # but without the set it is
    with pytest.raises(FileNotFoundError, match="no SHA256SUMS that can be read"):
        real(tmp_path)


@pytest.mark.parametrize(
    "write",
    [
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.upper().replace("PETS.ZIP", "*./pets.zip").replace("  ", " ").encode(),
    ],
    ids=["byte-order mark", "UTF-16", "capitals, binary"],
)
def test_mirror_list_that_another_program_wrote(register, tmp_path, monkeypatch, write):
    register()
    sums = write_mirror(tmp_path / "mirror", {"pets.zip": ZIP}) / "SHA256SUMS"
    sums.write_bytes(write(sums.read_text()))
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}


def test_mirror_list_without_end_is_given_up(register, server, tmp_path, monkeypatch):
    register()
    server.files["m/SHA256SUMS"] = b"0" * 50_000_000
    monkeypatch.setenv("COURSE_MIRROR", f"{server.url}/m")
    with pytest.raises(FileNotFoundError, match="no list of digests"):
        real(tmp_path)


def test_new_archive_in_the_mirror_does_not_mix_with_the_old(register, tmp_path, monkeypatch):
    register()
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    write_mirror(tmp_path / "mirror", {"pets.zip": zip_of(pets(4))})
    old = real(tmp_path)
    write_mirror(tmp_path / "mirror", {"pets.zip": zip_of(pets(2))})
    new = real(tmp_path)
    assert new.counts == {"Cat": 2, "Puppy": 2}
    assert old.directory != new.directory and (old.directory / "Cat/3.jpg").exists()


# The registry and the real archives


def test_registry_is_complete():
    for name, entry in registry.DATASETS.items():
        assert entry.class_names == tuple(sorted(entry.class_names))
        assert entry.licence
        assert entry.page.startswith("https://") or not entry.archives, name
        for archive in entry.archives:
            if entry.tables:  # behind a login: no address, and one file for each table
                assert archive.url in entry.tables
                continue
            assert archive.url.startswith("https://") and archive.size > 10**7
            assert archive.sha256 is None or len(archive.sha256) == 64, name


def test_cats_vs_dogs_from_the_mirror(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    dataset = fetch("cats_vs_dogs", source="real", data_dir=tmp_path / "data")
    reasons = {row["file"]: row["reason"] for row in read_quarantine(dataset)}
    assert reasons["Cat/666.jpg"] == reasons["Dog/11702.jpg"] == "empty file"
    assert reasons["Cat/Thumbs.db"] == reasons["Dog/Thumbs.db"] == "not a picture"
    assert dataset.class_names == ("Cat", "Dog")
    for name, count in dataset.counts.items():
        assert 4_900 <= count == len(os.listdir(dataset.directory / name))
    start = time.process_time()
    assert fetch("cats_vs_dogs", source="real", data_dir=tmp_path / "data") == dataset
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize(
    "name, counts, held_out",
    [
        ("cats_vs_dogs_filtered", {"cats": 1000, "dogs": 1000}, 1000),
        ("rock_paper_scissors", {"paper": 840, "rock": 840, "scissors": 840}, 372),
    ],
)
def test_pre_split_sets_from_the_mirror(mirror, tmp_path, monkeypatch, name, counts, held_out):
    monkeypatch.setenv("COURSE_MIRROR", mirror.as_uri())
    dataset = fetch(name, source="real", data_dir=tmp_path / "data")
    assert dataset.counts == counts
    assert sum(len(files) for _, _, files in os.walk(dataset.held_out)) == held_out


@pytest.fixture
def tables(tmp_path):
    """Put a sample of finger_counting where samples are shipped; return its two files."""
    files = {"train.csv": label_csv(grey(6), range(6)), "test.csv": label_csv(grey(3), [5, 0, 2])}
    aside = {"metadata.csv": "file,row,kind\ntrain.csv,0,0\n", "LICENSE.txt": "Free."}
    data = zip_of({name: text.encode() for name, text in (files | aside | {"x.py": ""}).items()})
    write_mirror(tmp_path / "samples", {"finger_counting.zip": data})
    return files


def test_csv_sample_is_verified_and_extracted(tables, tmp_path, capsys):
    dataset = fetch("finger_counting", data_dir=tmp_path / "data")
    train, test = dataset.tables
    assert (train.read_text(), test.read_text()) == (tables["train.csv"], tables["test.csv"])
    assert dataset.counts == {"train.csv": 6, "test.csv": 3}
    assert dataset.class_names == ("0", "1", "2", "3", "4", "5")
    assert read_metadata(dataset) == [{"file": "train.csv", "row": "0", "kind": "0"}]
    assert read_quarantine(dataset) == []
    assert not (train.parent / "x.py").exists()
    out = capsys.readouterr().out
    assert "6 pictures in train.csv + 3 pictures in test.csv" in out and "no original" in out
    assert fetch("finger_counting", data_dir=tmp_path / "data") == dataset
    train.unlink()  # a lost file comes back
    assert fetch("finger_counting", data_dir=tmp_path / "data").tables[0].exists()
    train.write_text("")  # a changed one too, if nothing is left of it
    assert fetch("finger_counting", data_dir=tmp_path / "data").counts["train.csv"] == 6


def test_damaged_or_incomplete_csv_sample_is_refused(tables, tmp_path):
    file = tmp_path / "samples/finger_counting.zip"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ValueError, match="damaged"):
        fetch("finger_counting", data_dir=tmp_path / "data")
    data = zip_of({"train.csv": tables["train.csv"]})
    write_mirror(tmp_path / "samples", {"finger_counting.zip": data})
    with pytest.raises(ValueError, match="no readable pictures in test.csv"):
        fetch("finger_counting", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()


def test_set_that_was_made_for_the_course_has_no_original(tables, tmp_path):
    with pytest.raises(FileNotFoundError, match='no original.*source="sample"'):
        fetch("finger_counting", "real", tmp_path / "data")


def test_csv_files_that_the_learner_puts_in_place(tables, tmp_path):
    folder = tmp_path / "data/downloads/sign_language_mnist"
    names = ("sign_mnist_train.csv", "sign_mnist_test.csv")
    for missing in ("sign_mnist_train.csv and sign_mnist_test.csv cannot", "sign_mnist_test.csv c"):
        with pytest.raises(FileNotFoundError, match=missing) as caught:
            fetch("sign_language_mnist", "real", tmp_path / "data")
        for words in ("kaggle.com/datasets/datamunge", *names, f"into {folder}."):
            assert words in str(caught.value)
        (folder / names[0]).write_text(tables["train.csv"])
    (folder / names[1]).write_text(tables["test.csv"])
    dataset = fetch("sign_language_mnist", "real", tmp_path / "data")
    assert dataset.tables == tuple(folder / name for name in names)
    assert dataset.counts == dict(zip(names, (6, 3), strict=True))
    assert dataset.class_names[9:11] == ("J", "K") and len(dataset.class_names) == 25
    assert read_quarantine(dataset) == [] and dataset.metadata is None
    with pytest.raises(FileNotFoundError, match='source="real"'):
        fetch("sign_language_mnist", "sample", tmp_path / "data")


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_csv_files_from_a_mirror(tables, server, tmp_path, monkeypatch, kind):
    files = {f"sign_mnist_{part}.csv": tables[f"{part}.csv"].encode() for part in ("train", "test")}
    folder = write_mirror(tmp_path / "mirror", files)
    server.files |= {f"m/{f.name}": f.read_bytes() for f in folder.iterdir()}
    place = {"folder": str(folder), "http": f"{server.url}/m"}[kind]
    monkeypatch.setenv("COURSE_MIRROR", place)
    for _ in range(2):
        dataset = fetch("sign_language_mnist", "real", tmp_path / "data")
        assert [file.read_text() for file in dataset.tables] == list(tables.values())
    assert len(server.downloads("m/sign_mnist_train.csv")) == (kind == "http")
    spoilt = folder / "sign_mnist_test.csv"
    spoilt.write_bytes(b"spoilt")
    if kind == "folder":
        with pytest.raises(ValueError, match="damaged"):
            fetch("sign_language_mnist", "real", tmp_path / "data")


def test_only_what_fetch_returned_has_metadata():
    for other in ("cats_vs_dogs", None, paths.DATA, {}):
        for read in (read_metadata, read_quarantine):
            with pytest.raises(TypeError, match=r"Give what fetch\(…\) returned"):
                read(other)
    for name in (["cats_vs_dogs"], {}):
        with pytest.raises(ValueError, match="no data set"):
            fetch(name)
