"""Local files; e2e/test_pretrained.py has those of another file system."""

from pathlib import Path

import pytest

from sparkflow.files import fetched, is_remote, written


@pytest.mark.parametrize("path", ["hdfs://host:9000/a", "s3a://bucket/a", "viewfs:/a"])
def test_a_scheme_makes_a_path_remote(path: str) -> None:
    assert is_remote(path)


@pytest.mark.parametrize("path", ["a/b", "/a", "file:/a", "file:///a", "C:/a"])
def test_other_paths_are_local(path: str) -> None:
    assert not is_remote(path)


@pytest.mark.parametrize("prefix", ["", "file:", "file://"])
def test_a_local_path_is_its_own(tmp_path: Path, prefix: str) -> None:
    with fetched(f"{prefix}{tmp_path}") as local:
        assert local == str(tmp_path)


def test_what_is_written_gets_there_when_all_of_it_is(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "model"
    with written(str(target), overwrite=False) as made:
        Path(made).mkdir()
        (Path(made) / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    with pytest.raises(FileExistsError, match="give overwrite=True"), written(str(target), overwrite=False):
        pass
    with written(f"file:{target}", overwrite=True) as made:
        Path(made).write_text("2")
    assert target.read_text() == "2"


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.write_text("old")

    def fail() -> None:
        with written(str(target), overwrite=True) as made:
            Path(made).write_text("new")
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        fail()
    assert target.read_text() == "old"
