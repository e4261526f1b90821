"""What a child keeps of the files that it has read stays small and goes in turn."""

from __future__ import annotations

from bot.repository.kept import FileKey, FileManifests, KeptFiles


def key(name: str, repository: str = "/mirrors/a", ending: str = "yaml") -> FileKey:
    return FileKey(repository, name * 40, ending)


def file(size: int = 1_000) -> FileManifests:
    return FileManifests(size, (b"x" * size,))


def test_what_was_put_is_found_again() -> None:
    kept = KeptFiles()
    kept.put(key("1"), file())
    assert kept.get(key("1")) == file()
    assert kept.get(key("2")) is None


def test_a_file_of_another_repository_or_ending_is_another() -> None:
    kept = KeptFiles()
    kept.put(key("1"), file())
    assert kept.get(key("1", repository="/mirrors/b")) is None
    assert kept.get(key("1", ending="json")) is None


def test_the_one_not_asked_for_longest_goes_first() -> None:
    kept = KeptFiles(most_bytes=4_000)
    kept.put(key("1"), file())
    kept.put(key("2"), file())
    kept.get(key("1"))
    kept.put(key("3"), file())
    assert [name for name in "123" if kept.get(key(name))] == ["1", "3"]


def test_a_file_larger_than_the_bound_drives_nothing_out() -> None:
    kept = KeptFiles(most_bytes=4_000)
    kept.put(key("1"), file())
    kept.put(key("2"), file(5_000))
    assert [name for name in "12" if kept.get(key(name))] == ["1"]


def test_files_without_manifests_count_too() -> None:
    kept = KeptFiles(most_bytes=4_000)
    for number in range(1_000):
        kept.put(FileKey("/mirrors/a", str(number), "yaml"), FileManifests(1, ()))
    assert sum(kept.get(FileKey("/mirrors/a", str(number), "yaml")) is not None for number in range(1_000)) < 10


def test_putting_a_file_twice_counts_it_once() -> None:
    kept = KeptFiles(most_bytes=4_000)
    for name in "1" * 10 + "2":
        kept.put(key(name), file())
    assert [name for name in "12" if kept.get(key(name))] == ["1", "2"]
