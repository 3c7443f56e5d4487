"""Light and dark: the colours, and how they are put on the application."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True)
class Theme:
    """Colours as "#rrggbb"."""

    dark: bool
    window: str
    card: str
    border: str
    text: str
    muted: str
    track: str  # the empty part of a bar
    hover: str
    accent: str
    on_accent: str
    error: str


LIGHT = Theme(
    dark=False,
    window="#eef0f3",
    card="#ffffff",
    border="#d4d9e0",
    text="#1c2128",
    muted="#5b6673",
    track="#e6e9ee",
    hover="#e3e8ef",
    accent="#2f6fb3",
    on_accent="#ffffff",
    error="#b3261e",
)
DARK = Theme(
    dark=True,
    window="#17191d",
    card="#202329",
    border="#363b44",
    text="#e7eaee",
    muted="#a0a9b5",
    track="#30353d",
    hover="#2c313a",
    accent="#5b9bdc",
    on_accent="#10151b",
    error="#ff8a80",
)


def choose_theme(app: QApplication, choice: str) -> Theme:
    """The theme for a setting: `light`, `dark`, or `system` for what the desktop says."""
    if choice == "system":
        return DARK if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def apply_theme(app: QApplication, theme: Theme) -> None:
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")  # the same on every desktop, and wholly drawn from the palette
    app.setPalette(make_palette(theme))
    app.setStyleSheet(make_style_sheet(theme))


def make_palette(theme: Theme) -> QPalette:
    role, palette = QPalette.ColorRole, QPalette()
    colors = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.card,
        role.AlternateBase: theme.window,
        role.Text: theme.text,
        role.Button: theme.card,
        role.ButtonText: theme.text,
        role.BrightText: theme.error,
        role.ToolTipBase: theme.card,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.muted,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.Mid: theme.border,
        role.Midlight: theme.hover,
        role.Dark: theme.border,
        role.Light: theme.card,
        role.Accent: theme.accent,
    }
    for key, color in colors.items():
        palette.setColor(key, QColor(color))
    disabled = QColor(theme.muted)
    disabled.setAlphaF(0.55)
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, disabled)
    return palette


def make_style_sheet(theme: Theme) -> str:
    return f"""
        QFrame#card {{ background: {theme.card}; border: 1px solid {theme.border}; border-radius: 6px; }}
        QLabel#muted {{ color: {theme.muted}; }}
        QLabel#error {{ color: {theme.error}; }}
        QLabel#heading {{ color: {theme.muted}; font-weight: 600; }}
        QMenuBar {{ background: {theme.window}; }}
        QMenuBar::item {{ padding: 4px 9px; background: transparent; }}
        QMenuBar::item:selected {{ background: {theme.hover}; border-radius: 4px; }}
        QStatusBar {{ background: {theme.window}; border-top: 1px solid {theme.border}; }}
        QStatusBar::item {{ border: none; }}
        QToolTip {{ background: {theme.card}; color: {theme.text}; border: 1px solid {theme.border}; padding: 4px; }}
        QSplitter::handle {{ background: transparent; }}
        QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 4px; }}
        QToolButton:hover:enabled {{ background: {theme.hover}; }}
        QToolButton:checked {{ background: {theme.hover}; border-color: {theme.accent}; }}
        QPushButton {{ background: {theme.window}; border: 1px solid {theme.border};
            border-radius: 5px; padding: 6px 12px; }}
        QPushButton:hover {{ background: {theme.hover}; }}
        QPushButton:focus {{ border-color: {theme.accent}; }}
        QScrollBar:vertical {{ background: transparent; width: 12px; margin: 2px; }}
        QScrollBar::handle:vertical {{ background: {theme.border}; border-radius: 4px; min-height: 28px; }}
        QScrollBar::handle:vertical:hover {{ background: {theme.muted}; }}
        QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
        QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
        QLabel#drop {{ background: {theme.card}; border: 3px dashed {theme.accent};
            border-radius: 14px; font-size: 22px; }}
        QStatusBar QLabel#muted {{ margin-left: 14px; }}
        QLabel#title {{ font-size: 20px; font-weight: 600; }}
        QLabel#strong {{ font-weight: 600; }}
        QFrame#switch {{ background: {theme.track}; border-radius: 7px; }}
        QFrame#switch QToolButton {{ border: none; border-radius: 5px; padding: 4px 16px; color: {theme.muted}; }}
        QFrame#switch QToolButton:checked {{ background: {theme.card}; color: {theme.text}; font-weight: 600; }}
        QFrame#banner {{ background: {theme.card}; border: 1px solid {theme.accent}; border-radius: 6px; }}
        QPushButton:default {{ border-color: {theme.accent}; }}
        QPushButton:disabled {{ color: {theme.muted}; }}
        QToolButton#answer {{ background: {theme.window}; border-color: {theme.border}; padding: 5px 10px; }}
        QToolButton#answer:hover:enabled {{ background: {theme.hover}; }}
        QToolButton#answer:checked {{ background: {theme.accent}; color: {theme.on_accent}; }}
        QLineEdit, QPlainTextEdit {{ background: {theme.window}; border: 1px solid {theme.border}; border-radius: 5px;
            padding: 4px 6px; }}
        QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {theme.accent}; }}
        QTableView {{ border: none; background: {theme.card}; }}
        QAbstractScrollArea::corner {{ background: transparent; border: none; }}
        QHeaderView {{ background: {theme.card}; }}
        QHeaderView::section {{ background: {theme.card}; color: {theme.muted}; border: none; font-weight: 600;
            border-bottom: 1px solid {theme.border}; padding: 5px 8px; }}
        QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 2px; }}
        QScrollBar::handle:horizontal {{ background: {theme.border}; border-radius: 4px; min-width: 28px; }}
        QScrollBar::handle:horizontal:hover {{ background: {theme.muted}; }}
    """


def mixed(below: str, above: str, share: float) -> QColor:
    """A colour over another with an opacity."""
    one, two = QColor(below), QColor(above)
    pairs = zip((one.red(), one.green(), one.blue()), (two.red(), two.green(), two.blue()), strict=True)
    return QColor(*(round(a + (b - a) * share) for a, b in pairs))


def text_on(color: str) -> str:
    """Black or white, whichever is read better on a colour (WCAG's relative luminance)."""
    channels = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in _rgb(color)]
    luminance = sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), channels, strict=True))
    return "#000000" if luminance > 0.179 else "#ffffff"


def _rgb(color: str) -> tuple[float, float, float]:
    value = QColor(color)
    return value.redF(), value.greenF(), value.blueF()
