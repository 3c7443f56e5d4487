"""The timeline as a user meets it: what it shows, where clicks and drags lead, and that late results do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.analyse.timeline import EMPTY_TEXT, Timeline, TimelineSegment
from app.analyse.timeline_axes import (
    TimeScale,
    find_frequency_ticks,
    find_time_ticks,
    format_tick,
    frequency_at,
    frequency_y,
)
from app.analyse.timeline_loader import HELD_S, glimpse_spans
from app.analyse.timeline_painter import Layout, find_amplitude_ticks

RATE = 16_000
ANGER = TimelineSegment(1.0, 3.0, "anger", "#ff0000")
SADNESS = TimelineSegment(5.0, 9.0, "sadness", "#0000ff")


def write_tone(path: Path, seconds: float, hz: float = 1000.0, silent_from_s: float | None = None) -> Path:
    t = np.arange(round(seconds * RATE)) / RATE
    tone = 0.5 * np.sin(2 * np.pi * hz * t)
    if silent_from_s is not None:
        tone[t >= silent_from_s] = 0
    soundfile.write(path, tone.astype(np.float32), RATE)
    return path


@pytest.fixture
def timeline(qtbot: QtBot) -> Iterator[Timeline]:
    widget = Timeline()
    qtbot.addWidget(widget)
    widget.resize(856, 330)  # the plots are 800 px wide
    widget.show()
    yield widget
    widget.close()


def show_recording(qtbot: QtBot, timeline: Timeline, path: Path) -> None:
    timeline.set_recording(path)
    wait_for_picture(qtbot, timeline)


def wait_for_picture(qtbot: QtBot, timeline: Timeline) -> None:
    """Until the whole recording has been read and the current view is drawn from it."""

    def is_current() -> bool:
        picture = timeline._picture
        if picture is None or picture.known_s < timeline._duration_s - 0.01:
            return False
        return (picture.request.start_s, picture.request.end_s) == timeline.view

    qtbot.waitUntil(is_current, timeout=20_000)


@pytest.fixture
def tone(qtbot: QtBot, timeline: Timeline, tmp_path: Path) -> Timeline:
    show_recording(qtbot, timeline, write_tone(tmp_path / "tone.wav", 10.0, silent_from_s=5.0))
    return timeline


def grab(timeline: Timeline) -> QImage:
    return timeline.grab().toImage()


def brightness(image: QImage, x: float, y: float) -> int:
    return QColor(image.pixel(round(x), round(y))).lightness()


def x_of(timeline: Timeline, time_s: float) -> int:
    return round(timeline._scale.x(time_s))


def point_at(timeline: Timeline, time_s: float, in_wave: bool = False) -> QPoint:
    plot = timeline._layout.wave if in_wave else timeline._layout.mel
    return QPoint(x_of(timeline, time_s), round(plot.center().y()))


def drag(
    qtbot: QtBot, timeline: Timeline, start_s: float, end_s: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    start, end = point_at(timeline, start_s), point_at(timeline, end_s)
    qtbot.mousePress(timeline, button, pos=start)
    for point in ((start + end) / 2, end):
        qtbot.mouseMove(timeline, point)
        QApplication.processEvents()
    qtbot.mouseRelease(timeline, button, pos=end)


def turn_wheel(
    timeline: Timeline, time_s: float, steps: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    point = QPointF(point_at(timeline, time_s))
    delta, none = QPoint(0, 120 * steps), Qt.MouseButton.NoButton
    at = timeline.mapToGlobal(point)
    event = QWheelEvent(point, at, QPoint(), delta, none, modifiers, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(timeline, event)


def test_without_a_recording_it_says_what_to_do(qtbot: QtBot, timeline: Timeline) -> None:
    assert timeline._message == EMPTY_TEXT
    assert len({brightness(grab(timeline), x, 165) for x in range(200, 650)}) > 1  # text
    timeline.zoom_in()
    timeline.pan_left()
    timeline.fit()
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))


def test_shows_waveform_and_spectrogram(tone: Timeline) -> None:
    image, layout = grab(tone), tone._layout
    loud, silent = x_of(tone, 2.5), x_of(tone, 7.5)
    row = frequency_y(1000, layout.mel)
    assert brightness(image, loud, row) > brightness(image, loud, row + 40) + 40
    assert brightness(image, loud, row) > brightness(image, silent, row) + 40
    in_wave = layout.wave.center().y() - layout.wave.height() / 4
    assert brightness(image, loud, in_wave) < brightness(image, silent, in_wave) - 40


def test_recording_fills_the_view_and_is_announced(qtbot: QtBot, timeline: Timeline, tmp_path: Path) -> None:
    views: list[tuple[float, float]] = []
    timeline.view_changed.connect(lambda *view: views.append(view))
    with qtbot.waitSignal(timeline.loaded) as loaded:
        timeline.set_recording(write_tone(tmp_path / "tone.wav", 4.0))
    assert loaded.args == [4.0]
    qtbot.waitUntil(lambda: views == [(0.0, 4.0)])
    assert timeline.view == (0.0, 4.0)


def test_segments_are_drawn_in_their_colour_over_both_plots(tone: Timeline) -> None:
    tone.set_segments([ANGER, SADNESS])
    image, layout = grab(tone), tone._layout
    for plot in (layout.wave, layout.mel):
        top = round(plot.top()) + 1
        assert QColor(image.pixel(x_of(tone, 2.0), top)) == QColor("#ff0000")
        assert QColor(image.pixel(x_of(tone, 7.0), top)) == QColor("#0000ff")
        assert QColor(image.pixel(x_of(tone, 4.0), top)) not in (QColor("#ff0000"), QColor("#0000ff"))


def test_click_seeks_and_tells_the_segment(qtbot: QtBot, tone: Timeline) -> None:
    tone.set_segments([ANGER, SADNESS])
    clicked: list[int] = []
    tone.segment_clicked.connect(clicked.append)
    for time_s in (6.0, 4.0, 1.5):
        with qtbot.waitSignal(tone.seek_requested) as sought:
            qtbot.mouseClick(tone, Qt.MouseButton.LeftButton, pos=point_at(tone, time_s, in_wave=time_s > 5))
        assert sought.args[0] == pytest.approx(time_s, abs=0.02)
    assert clicked == [1, 0]


def test_drag_selects(qtbot: QtBot, tone: Timeline) -> None:
    with qtbot.waitSignal(tone.selection_changed) as changed:
        drag(qtbot, tone, 6.0, 2.0)
    assert changed.args[0] == pytest.approx((2.0, 6.0), abs=0.02)
    assert tone.selection == changed.args[0]
    drag(qtbot, tone, 6.0, 7.0)  # takes hold of the edge
    assert tone.selection == pytest.approx((2.0, 7.0), abs=0.03)
    qtbot.mouseClick(tone, Qt.MouseButton.LeftButton, pos=point_at(tone, 4.0))
    assert tone.selection is not None
    qtbot.mouseClick(tone, Qt.MouseButton.LeftButton, pos=point_at(tone, 9.0))
    assert tone.selection is None


def test_selection_can_be_set(qtbot: QtBot, tone: Timeline) -> None:
    with qtbot.waitSignal(tone.selection_changed):
        tone.set_selection((3.0, 1.0))
    assert tone.selection == (1.0, 3.0)
    with qtbot.assertNotEmitted(tone.selection_changed):
        tone.set_selection((1.0, 3.0))
    tone.set_selection((1.0, 1.001))
    assert tone.selection is None


def test_zoom_and_fit(qtbot: QtBot, tone: Timeline) -> None:
    tone.set_cursor(4.0)
    with qtbot.waitSignal(tone.view_changed):
        tone.zoom_in()
    start_s, end_s = tone.view
    assert end_s - start_s == pytest.approx(10 / 1.6)
    assert (4.0 - start_s) / (end_s - start_s) == pytest.approx(0.4)  # the cursor stays where it is
    for _ in range(30):
        tone.zoom_in()
    assert tone.view[1] - tone.view[0] == pytest.approx(0.02)
    for _ in range(30):
        tone.zoom_out()
    assert tone.view == (0.0, 10.0)
    tone.zoom_in()
    qtbot.mouseDClick(tone, Qt.MouseButton.LeftButton, pos=point_at(tone, 4.0))
    assert tone.view == (0.0, 10.0)


def test_wheel_zooms_at_the_pointer_and_pans_with_shift(tone: Timeline) -> None:
    place = x_of(tone, 7.0)
    turn_wheel(tone, 7.0, 3)
    assert tone.view[1] - tone.view[0] == pytest.approx(10 / 1.25**3)
    assert x_of(tone, 7.0) == place
    before = tone.view
    turn_wheel(tone, 7.0, 1, Qt.KeyboardModifier.ShiftModifier)
    assert tone.view[0] < before[0]
    assert tone.view[1] - tone.view[0] == pytest.approx(before[1] - before[0])


def test_pan_stops_at_both_ends(qtbot: QtBot, tone: Timeline) -> None:
    tone.zoom_in()
    width_s = tone.view[1] - tone.view[0]
    for _ in range(10):
        tone.pan_right()
    assert tone.view == pytest.approx((10 - width_s, 10.0))
    drag(qtbot, tone, tone.view[0] + 1, tone.view[0] + 2, Qt.MouseButton.RightButton)
    assert tone.view[0] == pytest.approx(10 - width_s - 1, abs=0.05)
    for _ in range(10):
        tone.pan_left()
    assert tone.view == pytest.approx((0.0, width_s))


def test_hover_tells_time_and_frequency(qtbot: QtBot, tone: Timeline) -> None:
    layout = tone._layout
    point = QPoint(x_of(tone, 3.0), round(frequency_y(2000, layout.mel)))
    with qtbot.waitSignal(tone.hovered) as hovered:
        qtbot.mouseMove(tone, point)
    assert hovered.args[0] == pytest.approx(3.0, abs=0.02)
    assert hovered.args[1] == pytest.approx(2000, rel=0.03)
    with qtbot.waitSignal(tone.hovered) as hovered:
        qtbot.mouseMove(tone, point_at(tone, 8.0, in_wave=True))
    assert hovered.args[1] is None


def test_cursor_is_drawn_and_followed(qtbot: QtBot, tone: Timeline) -> None:
    row = tone._layout.mel.bottom() - 2
    tone.set_cursor(7.5)
    assert brightness(grab(tone), x_of(tone, 7.5), row) > 150
    assert brightness(grab(tone), x_of(tone, 7.0), row) < 100
    for _ in range(4):
        tone.zoom_in()
    end_s = tone.view[1]
    tone.set_cursor(end_s - 0.01)
    tone.set_cursor(end_s + 0.02)
    assert tone.view[0] < end_s + 0.02 < tone.view[1]
    for _ in range(20):
        tone.pan_left()
    view = tone.view
    tone.set_cursor(end_s + 0.04)  # it plays where nobody looks
    assert tone.view == view
    tone.set_cursor(2.0)  # it was sent there
    assert tone.view[0] <= 2.0 <= tone.view[1]


def test_zoomed_view_is_drawn_anew(qtbot: QtBot, tone: Timeline) -> None:
    before = tone._picture
    tone._set_view(4.9, 5.1)
    wait_for_picture(qtbot, tone)
    assert tone._picture is not before
    assert tone._picture is not None
    assert tone._picture.mel.shape[1] == pytest.approx(800, abs=2)
    image, row = grab(tone), frequency_y(1000, tone._layout.mel)
    assert brightness(image, x_of(tone, 4.93), row) > brightness(image, x_of(tone, 5.07), row) + 40


def test_resize_is_drawn_anew(qtbot: QtBot, tone: Timeline) -> None:
    tone.resize(500, 200)
    qtbot.waitUntil(lambda: tone._picture is not None and tone._picture.mel.shape[1] == tone._layout.mel.width())
    assert tone._picture is not None
    assert tone._picture.mel.shape[1] < 500


def test_another_recording_replaces_what_is_still_read(qtbot: QtBot, timeline: Timeline, tmp_path: Path) -> None:
    first = write_tone(tmp_path / "first.wav", 300.0)
    second = write_tone(tmp_path / "second.wav", 2.0)
    durations: list[float] = []
    timeline.loaded.connect(durations.append)
    timeline.set_recording(first)
    show_recording(qtbot, timeline, second)
    assert timeline.view == (0.0, 2.0)
    assert durations == [2.0]
    timeline.set_recording(None)
    assert timeline._picture is None
    assert timeline._message == EMPTY_TEXT


def test_file_that_cannot_be_read_says_so(qtbot: QtBot, timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("not sound")
    with qtbot.waitSignal(timeline.failed) as failed:
        timeline.set_recording(path)
    assert "text.wav" in failed.args[0]
    assert timeline._message == failed.args[0]
    show_recording(qtbot, timeline, write_tone(tmp_path / "good.wav", 1.0))
    assert timeline.view == (0.0, 1.0)


def test_truncated_file_is_noted_and_its_length_corrected(qtbot: QtBot, timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    noise = np.random.default_rng(0).normal(0, 0.1, 10 * RATE)
    soundfile.write(path, noise, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with qtbot.waitSignal(timeline.noted) as noted:
        timeline.set_recording(path)
    assert "truncated" in noted.args[0]
    assert timeline.view[1] == pytest.approx(5.0, abs=0.3)


@pytest.mark.parametrize("seconds", [0.1, 0.01])
def test_very_short_recording(qtbot: QtBot, timeline: Timeline, tmp_path: Path, seconds: float) -> None:
    show_recording(qtbot, timeline, write_tone(tmp_path / "tiny.wav", seconds))
    timeline.zoom_in()
    timeline.pan_right()
    assert 0 <= timeline.view[0] < timeline.view[1] <= seconds + 1e-9
    assert not grab(timeline).isNull()


def test_silent_recording_is_black_and_flat(qtbot: QtBot, timeline: Timeline, tmp_path: Path) -> None:
    show_recording(qtbot, timeline, write_tone(tmp_path / "silent.wav", 2.0, silent_from_s=0.0))
    image, layout = grab(timeline), timeline._layout
    assert brightness(image, 400, layout.mel.center().y()) < 10


def test_long_recording_is_not_held(qtbot: QtBot, timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    block = (0.3 * np.sin(2 * np.pi * 1000 * np.arange(60 * RATE) / RATE)).astype(np.float32)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for minute in range(round(HELD_S / 60) + 1):
            file.write(block if minute % 2 else 0 * block)
    show_recording(qtbot, timeline, path)
    assert timeline._recording is not None
    assert timeline._recording.held is None
    row = frequency_y(1000, timeline._layout.mel)
    for view in ((0.0, HELD_S + 60), (55.0, 65.0)):  # from afar, and from the samples
        timeline._set_view(*view)
        wait_for_picture(qtbot, timeline)
        image = grab(timeline)
        assert brightness(image, x_of(timeline, 62.0), row) > brightness(image, x_of(timeline, 58.0), row) + 40


def test_dark_and_light_differ(qtbot: QtBot, tone: Timeline) -> None:
    x, y = x_of(tone, 7.5), tone._layout.wave.top() + 8
    light = brightness(grab(tone), x, y)
    tone.set_dark(True)
    assert light > 200 > 100 > brightness(grab(tone), x, y)


@pytest.mark.parametrize(
    ("time_s", "decimals", "text"),
    [
        (0, 0, "0:00"),
        (1.5, 1, "0:01.5"),
        (725, 0, "12:05"),
        (3723, 0, "1:02:03"),
        (59.999, 1, "1:00.0"),
        (0.005, 3, "0:00.005"),
    ],
)
def test_tick_text(time_s: float, decimals: int, text: str) -> None:
    assert format_tick(time_s, decimals) == text


@pytest.mark.parametrize("span_s", [0.02, 0.5, 3.0, 75.0, 7200.0, 400_000.0])
def test_time_ticks_are_round_and_can_be_read(span_s: float) -> None:
    scale = TimeScale(0.37 * span_s, 1.37 * span_s, 46.0, 800.0)
    ticks = find_time_ticks(scale)
    places = [scale.x(time_s) for time_s, _ in ticks]
    assert 1 <= len(ticks) <= 11
    assert all(46 - 1e-6 <= place <= 846 + 1e-6 for place in places)
    assert len({text for _, text in ticks}) == len(ticks)
    assert scale.time_s(scale.x(0.5 * span_s)) == pytest.approx(0.5 * span_s)


@pytest.mark.parametrize("height", [40, 120, 300])
def test_frequency_ticks_are_in_khz_and_can_be_read(height: int) -> None:
    rect = QRectF(46, 100, 500, height)
    ticks = find_frequency_ticks(rect)
    rows = [y for y, _ in ticks]
    assert rows == sorted(rows, reverse=True)
    assert all(above - below >= 15 for above, below in pairwise(rows))
    assert (ticks[0][1], ticks[-1][1]) == ("0", "8")
    assert frequency_at(frequency_y(1234, rect), rect) == pytest.approx(1234)


def test_amplitude_ticks_are_round() -> None:
    assert [text for _, text in find_amplitude_ticks(QRectF(0, 0, 10, 100), 0.63)] == ["0.5", "0", "−0.5"]
    assert [text for _, text in find_amplitude_ticks(QRectF(0, 0, 10, 100), 0.0105)] == ["0.01", "0", "−0.01"]


@pytest.mark.parametrize("size", [(240, 150), (900, 190), (3000, 900)])
def test_plots_share_their_time_axis_and_stay_inside(size: tuple[int, int]) -> None:
    layout = Layout(*size)
    assert (layout.wave.left(), layout.wave.width()) == (layout.mel.left(), layout.mel.width())
    assert layout.wave.bottom() < layout.mel.top()
    assert layout.mel.bottom() + 20 <= size[1]


def test_glimpses_cover_a_long_recording_evenly_from_the_first_round_on() -> None:
    spans = glimpse_spans(7200.0)
    assert spans[:20] == [(at * 360.0, (at + 1) * 360.0) for at in range(20)]
    middles = sorted((start_s + end_s) / 2 for start_s, end_s in spans)
    np.testing.assert_allclose(np.diff(middles), 40.0)
