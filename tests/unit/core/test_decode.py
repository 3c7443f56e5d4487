"""Every format, rate, depth and number of channels comes out as the same sound; what cannot be read says why."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr

from core.audio.decode import SAMPLE_RATE, Sound, find_sounds, read_blocks, read_info, read_sound
from core.errors import AudioError

TONE_HZ = 440.0
DURATION_S = 3.0
SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def make_tone(rate: int, channels: int = 1, duration_s: float = DURATION_S) -> np.ndarray:
    """Half a second of silence, then a sine of amplitude 0.5: float32 `(n, channels)`."""
    t = np.arange(round(rate * duration_s)) / rate
    tone = np.where(t >= 0.5, 0.5 * np.sin(2 * np.pi * TONE_HZ * t), 0.0).astype(np.float32)
    return np.repeat(tone[:, None], channels, axis=1)


def encode(path: Path, codec: str, rate: int, samples: np.ndarray, **options: str) -> Path:
    """Writes `(n, channels)` with FFmpeg's encoders."""
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = layout
        stream.format = stream.codec.audio_formats[0]
        resampler = av.AudioResampler(stream.format, layout, rate, frame_size=stream.codec_context.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def assert_is_tone(sound: Sound, amplitude: float = 0.5, tolerance: float = 0.03) -> None:
    samples = sound.samples
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert sound.duration_s == pytest.approx(DURATION_S, abs=0.1)
    middle = samples[SAMPLE_RATE : 2 * SAMPLE_RATE]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) == pytest.approx(TONE_HZ, abs=1)  # one bin is one Hz
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(amplitude, abs=tolerance)
    onset = np.flatnonzero(np.abs(samples) > 0.1)[0] / SAMPLE_RATE
    assert onset == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_channels(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, make_tone(rate, channels), rate, subtype="FLOAT")
    sound = read_sound(path)
    assert len(sound.samples) == DURATION_S * SAMPLE_RATE
    assert_is_tone(sound, tolerance=0.001)
    assert read_info(path).duration_s == pytest.approx(DURATION_S, abs=1e-3)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_any_depth(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, make_tone(16_000), 16_000, subtype=subtype)
    assert_is_tone(read_sound(path))


@pytest.mark.parametrize(
    ("name", "rate", "options"),
    [
        ("tone.flac", 44_100, {}),
        ("tone.flac", 96_000, {"subtype": "PCM_24"}),
        ("tone.ogg", 44_100, {"subtype": "VORBIS"}),
        ("tone.opus", 48_000, {"format": "OGG", "subtype": "OPUS"}),
        ("tone.mp3", 44_100, {}),
        ("tone.mp3", 8_000, {}),
        ("tone.aiff", 22_050, {}),
    ],
)
def test_formats_of_libsndfile(tmp_path: Path, name: str, rate: int, options: dict[str, str]) -> None:
    path = tmp_path / name
    soundfile.write(path, make_tone(rate, 2), rate, **options)
    assert_is_tone(read_sound(path))
    info = read_info(path)
    assert (info.channels, info.duration_s) == (2, pytest.approx(DURATION_S, abs=0.1))


AV_FORMATS = [
    ("tone.m4a", "aac", 44_100, 2, {}),
    ("tone.mp4", "aac", 48_000, 1, {"movflags": "faststart"}),
    ("tone.aac", "aac", 44_100, 2, {}),  # nothing in it says how much of its beginning is padding: 23 ms
    ("tone.m4a", "alac", 44_100, 2, {}),
    ("tone.webm", "libopus", 48_000, 2, {}),
    ("tone.webm", "libopus", 48_000, 1, {"live": "1"}),  # as a browser records it: no length in the header
    ("tone.mka", "flac", 44_100, 1, {}),
]


@pytest.mark.parametrize(("name", "codec", "rate", "channels", "options"), AV_FORMATS)
def test_formats_of_ffmpeg(
    tmp_path: Path, name: str, codec: str, rate: int, channels: int, options: dict[str, str]
) -> None:
    path = encode(tmp_path / name, codec, rate, make_tone(rate, channels), **options)
    assert_is_tone(read_sound(path))
    info = read_info(path)
    assert (info.sample_rate, info.channels) == (rate, channels)
    assert info.duration_s == pytest.approx(DURATION_S, abs=0.1)


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "left.wav"
    soundfile.write(path, make_tone(16_000, 2) * np.array([1.0, 0.0], np.float32), 16_000, subtype="FLOAT")
    assert_is_tone(read_sound(path), amplitude=0.25, tolerance=0.001)


def make_sweep(rate: int, seconds: float) -> np.ndarray:
    """Five harmonics of a wandering pitch: no two moments alike, and no noise, which AAC replaces with other noise."""
    t = np.arange(round(rate * seconds)) / rate
    phase = 2 * np.pi * (150 * t + 20 * np.sin(1.7 * t))
    return sum(0.1 / k * np.sin(k * phase) for k in range(1, 6)).astype(np.float32)[:, None]


def write_sweep(tmp_path: Path, name: str, rate: int, seconds: float = 12.0) -> Path:
    sweep = make_sweep(rate, seconds)
    path = tmp_path / name
    if path.suffix in (".m4a", ".webm", ".aac"):
        return encode(path, "libopus" if path.suffix == ".webm" else "aac", rate, sweep)
    soundfile.write(path, sweep, rate, **({"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}))
    return path


SWEEPS = [
    ("n.wav", 16_000),
    ("n.wav", 11_025),
    ("n.wav", 44_100),
    ("n.flac", 48_000),
    ("n.ogg", 22_050),
    ("n.opus", 24_000),
    ("n.mp3", 44_100),
    ("n.m4a", 44_100),
    ("n.aac", 22_050),
    ("n.webm", 48_000),
]


@pytest.mark.parametrize(("name", "rate"), SWEEPS)
def test_range_is_the_same_part_of_the_whole(tmp_path: Path, name: str, rate: int) -> None:
    path = write_sweep(tmp_path, name, rate)
    whole = read_sound(path).samples
    for start_s, end_s in [(0.0, 1.0), (0.05, 0.3), (3.337, 4.1), (9.0001, 11.5)]:
        part = read_sound(path, start_s, end_s)
        first = round(start_s * SAMPLE_RATE)
        assert part.start_s == pytest.approx(start_s, abs=1 / SAMPLE_RATE)
        assert len(part.samples) == round(end_s * SAMPLE_RATE) - first
        np.testing.assert_allclose(part.samples, whole[first : first + len(part.samples)], atol=2e-3)


@pytest.mark.parametrize(("name", "rate"), SWEEPS)
def test_blocks_joined_are_the_whole(tmp_path: Path, name: str, rate: int) -> None:
    path = write_sweep(tmp_path, name, rate)
    blocks = list(read_blocks(path, block_s=2.5))
    assert [len(block.samples) for block in blocks[:-1]] == [40_000] * (len(blocks) - 1)
    assert [block.start_s for block in blocks] == [2.5 * i for i in range(len(blocks))]
    joined = np.concatenate([block.samples for block in blocks])
    np.testing.assert_allclose(joined, read_sound(path).samples, atol=1e-4)


@pytest.mark.parametrize("rate", [8_000, 11_025, 12_000, 44_100, 48_000])
def test_streaming_equals_resampling_at_once(tmp_path: Path, rate: int) -> None:
    path = write_sweep(tmp_path, "n.wav", rate)
    native, _ = soundfile.read(path, dtype="float32")
    expected = soxr.resample(native, rate, SAMPLE_RATE, quality="HQ")
    np.testing.assert_allclose(read_sound(path).samples, expected, atol=1e-4)


def test_range_beyond_the_end(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, make_tone(44_100), 44_100)
    assert read_sound(path, 2.0, 99.0).duration_s == pytest.approx(1.0, abs=1e-3)
    for start_s, end_s in [(3.5, 4.0), (2.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (float("nan"), None)]:
        with pytest.raises(AudioError) as caught:
            read_sound(path, start_s, end_s)
        assert caught.value.cause == "range"


def cut(path: Path, keep: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


@pytest.mark.parametrize("name", ["n.wav", "n.flac", "n.ogg", "n.opus", "n.mp3", "n.webm", "n.aac"])
def test_truncated_file_gives_what_is_left_and_says_so(tmp_path: Path, name: str) -> None:
    path = cut(write_sweep(tmp_path, name, 48_000), 0.5)
    sound = read_sound(path)
    assert 3.0 < sound.duration_s < 7.0
    assert f"{name} is truncated" in sound.note
    assert read_sound(path, 0.0, 2.0).note == ""  # nothing is missing from this part
    blocks = list(read_blocks(path, 1.0))
    assert [bool(block.note) for block in blocks] == [False] * (len(blocks) - 1) + [True]


def test_truncated_m4a(tmp_path: Path) -> None:
    sweep = make_sweep(48_000, 10.0)
    with_index = cut(encode(tmp_path / "first.m4a", "aac", 48_000, sweep, movflags="faststart"), 0.5)
    assert re.search(r"truncated: the first [45]\.\d s of 10.0 s can be read", read_sound(with_index).note)
    without = cut(encode(tmp_path / "last.m4a", "aac", 48_000, sweep), 0.5)
    with pytest.raises(AudioError, match=r"last\.m4a is damaged") as caught:
        read_sound(without)
    assert caught.value.cause == "damaged"


def test_whole_files_have_no_note(tmp_path: Path) -> None:
    for name, rate in SWEEPS:
        assert read_sound(write_sweep(tmp_path, name, rate, 2.0)).note == "", name


def test_wav_whose_length_was_never_written(tmp_path: Path) -> None:
    for size in (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"):
        path = tmp_path / "tone.wav"
        soundfile.write(path, make_tone(16_000), 16_000)
        data = path.read_bytes()
        at = data.index(b"data") + 4
        path.write_bytes(data[:at] + size + data[at + 4 :])
        assert_is_tone(read_sound(path))


def test_numbers_that_are_none_are_silence_and_noted(tmp_path: Path) -> None:
    tone = make_tone(44_100)
    tone[70_000], tone[70_001] = np.nan, np.inf
    path = tmp_path / "nan.wav"
    soundfile.write(path, tone, 44_100, subtype="FLOAT")
    sound = read_sound(path)
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() < 0.6
    assert "2 samples" in sound.note


def assert_fails(path: Path, cause: str) -> None:
    for read in (read_info, read_sound, lambda p: next(read_blocks(p))):
        with pytest.raises(AudioError) as caught:
            read(path)
        assert caught.value.cause == cause
        assert path.name in str(caught.value)
        assert caught.value.path == str(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert_fails(tmp_path / "missing.wav", "missing")
    (tmp_path / "folder.wav").mkdir()
    assert_fails(tmp_path / "folder.wav", "folder")
    (tmp_path / "empty.wav").touch()
    assert_fails(tmp_path / "empty.wav", "empty")
    for name in ("text.wav", "text.mp3", "text.m4a", "text.opus", "text"):
        (tmp_path / name).write_text("This is not sound.\n" * 100)
        assert_fails(tmp_path / name, "not-sound")
    soundfile.write(tmp_path / "no_frames.wav", np.zeros((0, 1), np.float32), 16_000)
    assert_fails(tmp_path / "no_frames.wav", "empty")
    (tmp_path / "header.flac").write_bytes(b"fLaC" + bytes(range(64)))
    assert_fails(tmp_path / "header.flac", "damaged")


def test_a_file_that_goes_between_the_check_and_the_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.audio.readers._check_file", lambda path: None)
    assert_fails(tmp_path / "gone.wav", "missing")


def test_video_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "silent film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    assert_fails(path, "not-sound")
    with pytest.raises(AudioError, match="no audio track"):
        read_sound(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "private.wav"
    soundfile.write(path, make_tone(16_000), 16_000)
    path.chmod(0)
    assert_fails(path, "permission")


def test_refused_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "private.wav"
    soundfile.write(path, make_tone(16_000), 16_000)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert_fails(path, "permission")


@pytest.mark.parametrize("stem", ["with a space", "한국어 파일", "émotion 😀", "100%#?"])
def test_names_of_any_script(tmp_path: Path, stem: str) -> None:
    folder = tmp_path / stem
    folder.mkdir()
    soundfile.write(folder / f"{stem}.wav", make_tone(44_100), 44_100)
    encode(folder / f"{stem}.m4a", "aac", 44_100, make_tone(44_100))
    for path in find_sounds([folder]):
        assert_is_tone(read_sound(path))


def test_find_sounds(tmp_path: Path) -> None:
    names = ["b.WAV", "a.opus", "sub/c.Mp3", "sub/deep/d.m4a", "notes.txt", ".hidden.wav", ".cache/e.wav", "z.webm"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_sounds([tmp_path])
    expected = ["a.opus", "b.WAV", "sub/c.Mp3", "sub/deep/d.m4a", "z.webm"]
    assert [path.relative_to(tmp_path).as_posix() for path in found] == expected
    explicit = [tmp_path / "notes.txt", tmp_path / "gone.wav", tmp_path / "a.opus"]
    assert find_sounds([*explicit, tmp_path])[:3] == explicit  # kept as given, so that reading them says what is wrong
    assert len(find_sounds([*explicit, tmp_path])) == len(found) + 2


@pytest.mark.skipif(not (SHARED / "crema-d").is_dir(), reason="the shared corpora are not here")
def test_opus_made_from_11025_hz(tmp_path: Path) -> None:
    path = SHARED / "crema-d" / "AudioWAV" / "1001_DFA_ANG_XX.opus"
    info, sound = read_info(path), read_sound(path)
    assert sound.duration_s == pytest.approx(info.duration_s, abs=1e-3) == pytest.approx(2.276, abs=0.05)
