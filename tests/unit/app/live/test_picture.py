"""The moving picture: columns, ribbon, words, freezing and scrolling, and what a frame costs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.analyse.timeline_axes import frequency_at
from app.colormaps import COLORMAPS, make_colormap
from app.live.options import LiveOptions
from app.live.picture import LivePicture
from app.live.picture_store import COLUMNS_A_SECOND, PictureStore
from app.live.segments import SegmentLog
from core.audio.display import FLOOR_DB, MEL_BANDS, compute_spectra, to_db
from core.live import LiveUpdate
from tests.conftest import speechlike, tone
from tests.fake_source import FakeSource
from tests.unit.app.live.studio import final, speaking

RATE = 16_000
COLORS = {"anger": "#d1495b", "happiness": "#e0a526", "neutral": "#7d8ca3", "sadness": "#3d7ebf"}


class Screen:
    """A picture that a source is seen in; its clock is the test's."""

    def __init__(self, qtbot: QtBot, rate: int = RATE, **options: object) -> None:
        self.now_s = 0.0
        self.store, self.log = PictureStore(), SegmentLog()
        self.options = LiveOptions(**options)  # type: ignore[arg-type]
        self.picture = LivePicture(self.store, self.log, self.options, clock=lambda: self.now_s)
        qtbot.addWidget(self.picture)
        self.picture.set_colors(COLORS)
        self.picture.resize(1056, 400)  # 1,000 pixels of picture
        self.source = FakeSource(rate)
        self.log.begin(self.store.attach(self.source.ring), rate)

    def speak(self, samples: np.ndarray) -> Screen:
        for first in range(0, len(samples), self.source.ring.rate):
            self.source.push(samples[first : first + self.source.ring.rate])
            self.store.take_in()
        return self

    def settle(self) -> QImage:
        """What is on the screen when the picture has caught up."""
        self.now_s += 10.0
        self.picture.advance()
        return self.picture.grab().toImage()

    def color(self, image: QImage, x: float, y: float) -> str:
        return QColor(image.pixel(round(x), round(y))).name()

    def close(self) -> None:
        self.source.ring.close()


@pytest.fixture
def make_screen(qtbot: QtBot) -> Callable[..., Screen]:
    return lambda **options: Screen(qtbot, **options)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_columns_are_the_spectra_of_the_whole_whatever_the_blocks(rate: int) -> None:
    samples = tone(3.0, rate)
    store, source = PictureStore(), FakeSource(rate)
    store.attach(source.ring)
    for block in np.array_split(samples, 61):
        source.push(block)
        store.take_in()
    whole = np.concatenate([tone(3.0), np.zeros(512, np.float32)])
    numbers = np.arange(10, store.count)
    db = to_db(compute_spectra(whole, numbers * 160 + 80))
    found = store.levels[numbers].astype(float) * -FLOOR_DB / 255 + FLOOR_DB
    loud = db > -45
    assert loud.any(axis=1).all()
    assert np.abs(found - db)[loud].max() < (0.5 if rate == RATE else 1.5)
    assert 2.8 < store.end_s <= 3.0
    assert np.abs(store.high[numbers] - 0.5).max() < 0.02 and np.abs(store.low[numbers] + 0.5).max() < 0.02
    source.ring.close()


def test_sound_that_was_overwritten_before_it_was_seen_leaves_the_axis_true() -> None:
    store, source = PictureStore(), FakeSource(RATE, seconds=4.0)
    store.attach(source.ring)
    source.push(tone(1.0))
    store.take_in()
    source.push(tone(10.0))
    for _ in range(8):
        store.take_in()
    assert store.end_s == pytest.approx(11.0, abs=0.05)
    assert store.levels[int(2.0 * COLUMNS_A_SECOND)].max() == 0, "nobody knows what was heard there"
    assert store.levels[int(10.5 * COLUMNS_A_SECOND)].max() > 100
    source.ring.close()


def test_another_device_goes_on_where_the_last_one_ended(make_screen: Callable[..., Screen]) -> None:
    screen = make_screen()
    screen.speak(tone(2.0))
    end_s = screen.store.end_s
    other = FakeSource(48_000)
    assert screen.store.attach(other.ring) == end_s
    other.push(tone(2.0, 48_000))
    screen.store.take_in()
    assert screen.store.end_s == pytest.approx(4.0, abs=0.1)
    assert screen.store.breaks == [round(end_s * COLUMNS_A_SECOND)]
    other.ring.close()


def test_old_columns_make_room_for_new_ones() -> None:
    store, source = PictureStore(kept_s=2.0), FakeSource()
    store.attach(source.ring)
    for _ in range(5):
        source.push(tone(1.0))
        store.take_in()
    assert store.count - store.oldest == 200
    assert store.part(store.high, store.oldest, store.count).min() > 0.4
    source.ring.close()


@pytest.mark.parametrize("seconds", [5, 15, 60])
def test_time_and_picture_are_one_to_the_pixel(make_screen: Callable[..., Screen], seconds: int) -> None:
    """A click of sound stands where its time does, at the left of the pixel column or in it."""
    screen = make_screen(seconds=seconds, low_db=-60, high_db=-20)
    samples = np.zeros(round(4.0 * RATE), np.float32)
    samples[2 * RATE : round(2.2 * RATE)] = 0.9
    image = screen.speak(samples).settle()
    lanes, scale = screen.picture.lanes, screen.picture.scale
    behind = QColor(screen.picture._theme.window).name()
    y = lanes.wave.top() + 4  # only what is loud reaches so far up
    filled = [
        x for x in range(round(lanes.wave.left()), round(lanes.wave.right())) if screen.color(image, x, y) != behind
    ]
    pixel_s = seconds / lanes.plot_width
    assert abs(filled[0] - scale.x(2.0)) <= 1 + 0.01 / pixel_s
    assert abs(filled[-1] + 1 - scale.x(2.2)) <= 1 + 0.01 / pixel_s


@pytest.mark.parametrize("seconds", [5, 60])
def test_what_is_drawn_bit_by_bit_is_what_is_drawn_at_once(make_screen: Callable[..., Screen], seconds: int) -> None:
    screen = make_screen(seconds=seconds)
    sound = speechlike(8.0)
    for block in np.array_split(sound, 90):
        screen.speak(block).settle()
    bit_by_bit = screen.settle()
    screen.picture._image.set_size(10, 10, 10, 1.0)  # it is drawn anew
    assert screen.settle() == bit_by_bit


def test_the_ribbon_has_the_colours_of_what_was_heard_and_silence_has_none(make_screen: Callable[..., Screen]) -> None:
    screen = make_screen(smoothing_s=0.0)
    screen.speak(tone(10.0))
    screen.log.smoothing.half_life_s = 0.0
    screen.log.take(LiveUpdate(4000))
    screen.log.take(speaking(2.0, 4.0, anger=0.9, sadness=0.1))
    screen.log.take(speaking(2.0, 6.0, anger=0.2, sadness=0.8))
    screen.log.take(final(2.0, 6.0, "sadness"))
    screen.log.take(LiveUpdate(9 * RATE))
    image = screen.settle()
    ribbon, scale = screen.picture.lanes.ribbon, screen.picture.scale
    bottom = ribbon.bottom() - 3
    assert screen.color(image, scale.x(3.9), bottom) == COLORS["anger"]
    assert screen.color(image, scale.x(4.2), bottom) == COLORS["sadness"]
    hatched = {screen.color(image, scale.x(8.0) + x, bottom) for x in range(12)}
    assert not hatched & set(COLORS.values()) and len(hatched) > 1
    last = {screen.color(image, scale.x(9.5) + x, bottom) for x in range(12)}
    assert len(last) == 1, "nothing is known yet of the newest sound"


def test_confidence_is_height(make_screen: Callable[..., Screen]) -> None:
    screen = make_screen()
    screen.speak(tone(10.0)).log.take(final(2.0, 8.0, "anger"))
    image = screen.settle()
    ribbon, x = screen.picture.lanes.ribbon, screen.picture.scale.x(7.5)
    full = [
        y for y in range(round(ribbon.top()), round(ribbon.bottom())) if screen.color(image, x, y) == COLORS["anger"]
    ]
    assert len(full) / ribbon.height() == pytest.approx(0.7, abs=0.05)


def test_words_stand_under_the_sound_and_open_ones_are_grey(make_screen: Callable[..., Screen]) -> None:
    screen = make_screen()
    screen.speak(tone(12.0)).log.take(final(2.0, 4.0, text="good morning"))
    screen.log.take(speaking(8.0, 11.0, stable="who", tail="is there", anger=1.0))
    image = screen.settle()
    words, scale = screen.picture.lanes.words, screen.picture.scale
    theme = screen.picture._theme

    def inks(start_s: float, end_s: float) -> set[str]:
        columns = range(round(scale.x(start_s)), round(scale.x(end_s)))
        rows = range(round(words.top()), round(words.bottom()))
        return {screen.color(image, x, y) for x in columns for y in rows}

    assert theme.text in inks(2.0, 3.0) and theme.muted not in inks(2.0, 3.0)
    assert {theme.text, theme.muted} <= inks(8.0, 10.0)
    assert len(inks(5.0, 7.5)) == 1, "nobody spoke there"


def test_it_moves_with_time_and_never_beyond_what_was_heard(make_screen: Callable[..., Screen]) -> None:
    screen = make_screen()
    screen.speak(tone(1.0)).settle()
    ends = []
    for _ in range(60):
        screen.speak(tone(1 / 60))
        screen.now_s += 1 / 60
        screen.picture.advance()
        ends.append(screen.picture.end_s)
        assert ends[-1] <= screen.store.end_s
    steps = np.diff(ends)
    assert steps.min() > 0.008 and steps.max() < 0.03, "about a frame's time in each frame"
    assert screen.store.end_s - ends[-1] < 0.1


def test_it_can_be_held_on_and_scrolled_back(make_screen: Callable[..., Screen], qtbot: QtBot) -> None:
    screen = make_screen()
    picture = screen.picture
    held = screen.speak(speechlike(30.0)).settle()
    picture.toggle_freeze()
    before_s = picture.end_s
    screen.speak(speechlike(5.0)).settle()
    assert picture.frozen and picture.end_s == before_s
    assert picture.behind_s == pytest.approx(5.0, abs=0.1)
    lanes = picture.lanes
    again = picture.grab().toImage()
    area = lanes.wave.toRect()
    assert again.copy(area) == held.copy(area), "what is held does not change"
    picture.scroll_back()
    assert picture.end_s == pytest.approx(before_s - 15 / 4)
    picture.to_start()
    assert picture.scale.start_s == pytest.approx(0.0, abs=0.02)
    picture.to_now()
    assert not picture.frozen and picture.behind_s < 0.1
    qtbot.mousePress(picture, Qt.MouseButton.LeftButton, pos=QPointF(500, 100).toPoint())
    qtbot.mouseMove(picture, QPointF(600, 100).toPoint())
    qtbot.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=QPointF(600, 100).toPoint())
    assert picture.frozen and picture.behind_s == pytest.approx(15 * 100 / lanes.plot_width, abs=0.1)
    for _ in range(20):
        picture.scroll_on()
    assert not picture.frozen, "at the newest sound it moves on"


def test_a_click_chooses_the_segment_under_it(make_screen: Callable[..., Screen], qtbot: QtBot) -> None:
    screen = make_screen()
    screen.speak(tone(10.0)).log.take(final(2.0, 4.0))
    screen.settle()
    chosen: list[object] = []
    screen.picture.chosen.connect(chosen.append)
    for time_s in (3.0, 6.0):
        at = QPointF(screen.picture.scale.x(time_s), 60).toPoint()
        qtbot.mouseClick(screen.picture, Qt.MouseButton.LeftButton, pos=at)
    assert chosen == [screen.log.segments[0], None]


def test_pitch_is_a_line_and_a_lone_point_is_none() -> None:
    store, source = PictureStore(), FakeSource()
    store.attach(source.ring)
    source.push(tone(2.0))
    store.take_in()
    store.set_pitch(0.0, RATE, [(3200, 200.0), (3520, 220.0)])
    store.set_pitch(0.0, RATE, [(3840, 240.0), (9600, 300.0)])
    voiced = np.flatnonzero(np.isfinite(store.pitch[: store.count]))
    assert voiced.tolist() == [20, 21, 22, 23, 24]
    assert store.pitch[voiced].tolist() == pytest.approx([200, 210, 220, 230, 240])
    source.ring.close()


def test_pitch_that_comes_late_is_drawn_into_what_is_there(make_screen: Callable[..., Screen]) -> None:
    screen = make_screen()
    before = screen.speak(np.zeros(5 * RATE, np.float32)).settle()
    screen.store.set_pitch(0.0, RATE, [(16_000 + 160 * step, 1000.0) for step in range(100)])
    after = screen.settle()
    mel, scale = screen.picture.lanes.mel, screen.picture.scale

    def rows(image: QImage) -> list[int]:
        x = scale.x(1.5)
        bright = (
            y for y in range(round(mel.top()), round(mel.bottom())) if QColor(image.pixel(round(x), y)).green() > 200
        )
        return list(bright)

    assert rows(before) == []
    (y, *_) = rows(after)
    assert frequency_at(y + 0.5, mel) == pytest.approx(1000.0, rel=0.05)


@pytest.mark.parametrize("name", COLORMAPS)
def test_colour_maps_go_from_end_to_end(name: str) -> None:
    table = make_colormap(name)
    assert table.shape == (256, 4) and (table[:, 3] == 255).all()
    light = table[:, :3] @ np.array([0.114, 0.587, 0.299])
    steps = np.diff(light)
    assert (steps >= -0.51).all() or (steps <= 0.51).all(), "brightness says how loud it is"


def test_a_frame_is_cheap(make_screen: Callable[..., Screen]) -> None:
    """What the machine does besides counts for both: it is the share of a full redraw that is bounded."""
    screen = make_screen()
    screen.picture.resize(1280, 520)
    sound = speechlike(30.0)
    screen.speak(sound)
    for place in range(9):
        screen.log.take(final(3 * place + 0.2, 3 * place + 2.8, text="it is eleven o'clock by now"))
    screen.settle()
    frames, redraws = [], []
    for number in range(120):
        screen.source.push(sound[number * 267 : (number + 1) * 267])
        screen.now_s += 1 / 60
        start_s = time.thread_time()
        screen.store.take_in()
        screen.picture.advance()
        screen.picture.grab()
        frames.append(time.thread_time() - start_s)
    for number in range(8):
        screen.options.seconds = 20 + number
        start_s = time.thread_time()
        screen.picture.grab()
        redraws.append(time.thread_time() - start_s)
    mean_s = float(np.mean(frames))
    print(f"a frame: {1000 * mean_s:.1f} ms, a full redraw: {1000 * float(np.mean(redraws)):.1f} ms")
    assert mean_s < 0.5 * float(np.mean(redraws))
    assert mean_s < 0.010


def test_bands_fill_the_height(make_screen: Callable[..., Screen]) -> None:
    screen = make_screen()
    image = screen.speak(tone(4.0)).settle()
    mel, x = screen.picture.lanes.mel, screen.picture.scale.x(2.0)
    light = [QColor(image.pixel(round(x), y)).lightness() for y in range(round(mel.top()), round(mel.bottom()))]
    assert frequency_at(mel.top() + int(np.argmax(light)) + 0.5, mel) == pytest.approx(440, rel=0.1)
    assert len(light) > MEL_BANDS
