from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ManifestError
from training.corpora import read_corpus
from training.manifest import Clip, check_speaker_independent, of_split, read_manifest, with_splits, write_manifest


def test_rows_survive_writing_and_reading(tmp_path: Path) -> None:
    clips = [
        Clip(tmp_path / "a b" / "목소리 🙂.wav", 1.25, 3.5, "x:1", "female", "30", "anger", 'He said, "go"', "train"),
        Clip(tmp_path / "c.flac"),
    ]
    write_manifest(clips, tmp_path / "tables" / "m.csv")
    assert read_manifest(tmp_path / "tables" / "m.csv") == clips


def test_a_table_without_files_is_no_manifest(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("name,emotion\na,anger\n")
    with pytest.raises(ManifestError, match="no column 'file'"):
        read_manifest(path)


def test_a_wrong_time_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("file,start\na.wav,0\nb.wav,soon\n")
    with pytest.raises(ManifestError, match=r"line 3.*soon"):
        read_manifest(path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"gone\.csv"):
        read_manifest(tmp_path / "gone.csv")


def test_a_speaker_on_both_sides_is_refused() -> None:
    clips = [Clip(Path("a"), speaker="s", split="train"), Clip(Path("b"), speaker="s", split="test")]
    with pytest.raises(ManifestError, match="'s'"):
        check_speaker_independent(clips)
    check_speaker_independent(with_splits(clips, {"train": ["s"]}))


def test_an_empty_split_is_an_error() -> None:
    with pytest.raises(ManifestError, match="dev"):
        of_split([Clip(Path("a"), split="train")], "dev")


def touch(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_crema_d_tells_all_from_names(tmp_path: Path) -> None:
    touch(tmp_path / "AudioWAV" / "1001_DFA_ANG_XX.wav")
    touch(tmp_path / "AudioWAV" / "1048_IEO_SAD_HI.opus")
    touch(tmp_path / "VideoDemographics.csv", '"ActorID","Age","Sex"\n1001,51,"Male"\n1048,38,"Female"\n')
    first, second = read_corpus("crema-d", tmp_path)
    assert (first.speaker, first.sex, first.age, first.emotion) == ("crema-d:1001", "male", "51", "anger")
    assert (first.transcript, first.split) == ("Don't forget a jacket", "train")
    assert (second.emotion, second.split, second.transcript) == ("sadness", "test", "It's eleven o'clock")


def test_librispeech_reads_subsets_and_splits_by_speaker(tmp_path: Path) -> None:
    touch(tmp_path / "test-clean" / "61" / "70968" / "61-70968-0000.flac")
    touch(
        tmp_path / "test-clean" / "61" / "70968" / "61-70968.trans.txt", "61-70968-0000 HE BEGAN A CONFUSED COMPLAINT\n"
    )
    touch(tmp_path / "test-clean" / "1089" / "1" / "1089-1-0000.flac")
    touch(tmp_path / "test-clean" / "1089" / "1" / "1089-1.trans.txt", "1089-1-0000 STUFF IT INTO YOU\n")
    touch(tmp_path / "SPEAKERS.TXT", "; a comment\n61 | M | test-clean | 8.08 | Paul\n")
    test, dev = read_corpus("librispeech", tmp_path)
    assert (test.speaker, test.split, test.transcript) == ("librispeech:1089", "test", "STUFF IT INTO YOU")
    assert (dev.speaker, dev.split, dev.sex) == ("librispeech:61", "dev", "male")


def test_a_recording_without_transcript_is_named(tmp_path: Path) -> None:
    touch(tmp_path / "dev" / "1" / "2" / "1-2-0000.flac")
    with pytest.raises(ManifestError, match="1-2-0000"):
        read_corpus("librispeech", tmp_path)


def test_emo_db_and_single_voices(tmp_path: Path) -> None:
    touch(tmp_path / "emo" / "wav" / "03a01Wa.wav")
    assert read_corpus("emo-db", tmp_path / "emo")[0].emotion == "anger"
    touch(tmp_path / "k" / "arctic_a0001.opus")
    touch(tmp_path / "k" / "arctic_a0001.txt", "Author of the danger trail.\n")
    assert read_corpus("kathleen", tmp_path / "k")[0].transcript == "Author of the danger trail."
    touch(tmp_path / "lj" / "wavs" / "LJ001-0002.wav")
    touch(tmp_path / "lj" / "metadata.csv", "LJ001-0001|a|a\nLJ001-0002|in 2 days|in two days\n")
    assert [clip.transcript for clip in read_corpus("ljspeech", tmp_path / "lj")] == ["in two days"]
    touch(tmp_path / "v" / "wav48" / "p239" / "p239_001.wav")
    touch(tmp_path / "v" / "txt" / "p239" / "p239_001.txt", "Please call Stella.\n")
    assert read_corpus("vctk", tmp_path / "v")[0].speaker == "vctk:p239"


def test_a_name_that_does_not_parse_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    touch(tmp_path / "AudioWAV" / "noise.wav")
    with pytest.raises(ManifestError, match=r"noise\.wav"):
        read_corpus("crema-d", tmp_path)
    with pytest.raises(ManifestError, match="layout of vctk"):
        read_corpus("vctk", tmp_path)
    with pytest.raises(ManifestError, match="Known corpora: crema-d"):
        read_corpus("timit", tmp_path)


def test_the_shared_corpora_are_whole(shared_data: Path) -> None:
    crema = read_corpus("crema-d", shared_data / "crema-d")
    assert len(crema) == 7442 and len({clip.speaker for clip in crema}) == 91
    four = [c for c in crema if c.split == "test" and c.emotion in ("anger", "happiness", "neutral", "sadness")]
    assert len(four) == 917
    libri = read_corpus("librispeech", shared_data / "librispeech")
    check_speaker_independent([*crema, *libri])
    assert len({clip.speaker for clip in libri if clip.split == "test"}) == 10
