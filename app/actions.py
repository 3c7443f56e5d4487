"""Every action of the window as data. Menus, tooltips and the list of keys (F1) are all made from this one table."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QKeySequence


@dataclass(frozen=True)
class Action:
    """An action.

    Attributes:
        id: how code refers to it.
        text: as in the menu, `&` before the mnemonic.
        shortcut: Qt's portable text (`Ctrl+O`); several are separated by `; `.
        handler: name of the method that does it, seen from the window (`close`, `panel.zoom_in`).
        menu: the menu that it stands in; `Parent/Child` for a submenu.
        hint: one sentence more than the text says, for the tooltip and the list of keys.
        checkable: it is on or off.
        separated: a line stands before it in the menu.
    """

    id: str
    text: str
    shortcut: str
    handler: str
    menu: str
    hint: str = ""
    checkable: bool = False
    separated: bool = False

    @property
    def label(self) -> str:
        return self.text.replace("&", "").removesuffix("...")

    @property
    def shortcuts(self) -> list[QKeySequence]:
        return [QKeySequence(key) for key in self.shortcut.split("; ")] if self.shortcut else []

    def tooltip(self) -> str:
        """`Play or pause (Space)`, with the keys as this system writes them."""
        keys = " or ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in self.shortcuts)
        text = self.hint.removesuffix(".") or self.label
        return f"{text} ({keys})" if keys else text


# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("open", "&Open...", "Ctrl+O", "open_files", "&File", hint="Open sound files."),
    Action("open-folder", "Open &folder...", "Ctrl+Shift+O", "open_folder", "&File",
           hint="Open all sound files of a folder."),
    Action("open-samples", "Open the s&amples", "", "open_samples", "&File",
           hint="Open the clips that come with Moodlight."),
    Action("open-model", "Open a &model...", "Ctrl+M", "open_model", "&File",
           hint="Use the checkpoint in a folder, and analyse the open recordings anew.", separated=True),
    Action("bundled-model", "Use the &bundled model", "Ctrl+Shift+M", "use_bundled_model", "&File",
           hint="Use the model that comes with Moodlight, and analyse the open recordings anew."),
    Action("save-table", "&Save table...", "Ctrl+S", "save_table", "&File",
           hint="Save the results of all open recordings as CSV.", separated=True),
    Action("close", "&Close recording", "Ctrl+W; Del", "panel.close_recordings", "&File",
           hint="Close the selected recordings.", separated=True),
    Action("close-all", "Close a&ll", "Ctrl+Shift+W", "panel.close_all", "&File", hint="Close all recordings."),
    Action("quit", "&Quit", "Ctrl+Q", "close", "&File", separated=True),
    Action("previous-recording", "&Previous recording", "Ctrl+Up; PgUp", "panel.previous_recording", "&Recording",
           ),
    Action("next-recording", "&Next recording", "Ctrl+Down; PgDown", "panel.next_recording", "&Recording"),
    Action("analyse-again", "&Analyse again", "F5", "panel.analyse_again", "&Recording",
           hint="Read the selected recordings again and analyse them anew.", separated=True),
    Action("stop", "&Stop analysing", "Ctrl+.", "panel.stop_analysing", "&Recording",
           hint="Stop analysing the selected recordings."),
    Action("restart-engine", "Restart the &engine", "Ctrl+R", "restart_engine", "&Recording",
           hint="Start the process with the model afresh.", separated=True),
    Action("play", "&Play or pause", "Space", "panel.toggle_play", "&Play"),
    Action("loop", "&Loop the selection", "L", "panel.toggle_loop", "&Play",
           hint="Play the selection, or the segment where nothing is selected, over and over.", checkable=True),
    Action("back", "&Back 1 second", "Left", "panel.seek_back", "&Play", separated=True),
    Action("forward", "&Forward 1 second", "Right", "panel.seek_forward", "&Play"),
    Action("previous-word", "Previous &word", "Ctrl+Left", "panel.previous_word", "&Play"),
    Action("next-word", "Next w&ord", "Ctrl+Right", "panel.next_word", "&Play"),
    Action("previous-segment", "Previous &segment", "Alt+Left", "panel.previous_segment", "&Play"),
    Action("next-segment", "Next se&gment", "Alt+Right", "panel.next_segment", "&Play"),
    Action("to-start", "To the s&tart", "Home", "panel.seek_start", "&Play"),
    Action("to-end", "To the &end", "End", "panel.seek_end", "&Play"),
    Action("select-from", "Select f&rom here", "[", "panel.select_from_here", "&Play",
           hint="The selection begins at the cursor.", separated=True),
    Action("select-to", "Select &up to here", "]", "panel.select_to_here", "&Play",
           hint="The selection ends at the cursor."),
    Action("select-segment", "Sele&ct the segment", "S", "panel.select_segment", "&Play"),
    Action("select-none", "Select &nothing", "Esc", "panel.select_nothing", "&Play"),
    Action("refresh-sound", "Look for the sound &device", "Ctrl+D", "panel.refresh_sound", "&Play",
           hint="Look for a sound output again, e.g. after plugging in headphones.", separated=True),
    Action("zoom-in", "Zoom &in", "Ctrl++; Ctrl+=", "panel.zoom_in", "&View"),
    Action("zoom-out", "Zoom &out", "Ctrl+-", "panel.zoom_out", "&View"),
    Action("fit", "&Fit the recording", "Ctrl+0", "panel.zoom_fit", "&View", hint="Show the whole recording."),
    Action("pan-left", "Pan &left", "Shift+Left", "panel.pan_left", "&View"),
    Action("pan-right", "Pan &right", "Shift+Right", "panel.pan_right", "&View"),
    Action("theme-system", "As the &system", "", "use_system_theme", "&View/&Theme",
           hint="Light or dark as the desktop is.", checkable=True),
    Action("theme-light", "&Light", "", "use_light_theme", "&View/&Theme", checkable=True),
    Action("theme-dark", "&Dark", "", "use_dark_theme", "&View/&Theme", checkable=True),
    Action("next-theme", "&Next theme", "Ctrl+T", "next_theme", "&View/&Theme",
           hint="System, light, dark, and round again.", separated=True),
    Action("keys", "&Keys", "F1", "show_keys", "&Help", hint="List all keys."),
    Action("about", "&About Moodlight", "", "show_about", "&Help",
           hint="The version, and what the model is good for."),
)
# fmt: on
