"""Every action of the window as data. Menus, tooltips and the list of keys (F1) are all made from this one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from PySide6.QtGui import QKeySequence

LABEL_KEYS = 30  # labels of a scheme that have an action
LABEL_DIGITS = 9  # of them, those whose digit is their key where no scheme says otherwise


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
        panel: the workspace that it belongs to, `analyse`, `label`, `teach`, `live` or `score`; "" for all. Only
            one workspace's actions are there at a time, so that all may use the same keys.
        value: what the handler is given, if anything.
    """

    id: str
    text: str
    shortcut: str
    handler: str
    menu: str
    hint: str = ""
    checkable: bool = False
    separated: bool = False
    panel: str = ""
    value: int | None = None

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

    def meets(self, other: Action) -> bool:
        """Whether both can be there at the same time."""
        return not self.panel or not other.panel or self.panel == other.panel


def with_keys(actions: Iterable[Action], keys: Mapping[str, str]) -> tuple[Action, ...]:
    """The actions with keys that a user chose, by the actions' ids."""
    return tuple(replace(action, shortcut=keys.get(action.id, action.shortcut)) for action in actions)


def find_conflict(actions: Iterable[Action], changed: Action) -> Action | None:
    """The action that has one of the keys of another already, where both can be there at the same time."""
    keys = {key.toString() for key in changed.shortcuts}
    others = (action for action in actions if action.id != changed.id and action.meets(changed))
    return next((action for action in others if keys & {key.toString() for key in action.shortcuts}), None)


# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("open", "&Open...", "Ctrl+O", "files.open_files", "&File", hint="Open sound files.", panel="analyse"),
    Action("open-folder", "Open &folder...", "Ctrl+Shift+O", "files.open_folder", "&File",
           hint="Open all sound files of a folder.", panel="analyse"),
    Action("open-samples", "Open the s&amples", "", "files.open_samples", "&File",
           hint="Open the clips that come with Moodlight.", panel="analyse"),
    Action("save-table", "&Save table...", "Ctrl+S", "files.save_table", "&File",
           hint="Save the results of all open recordings as CSV.", separated=True, panel="analyse"),
    Action("close", "&Close recording", "Ctrl+W; Del", "panel.close_recordings", "&File",
           hint="Close the selected recordings.", separated=True, panel="analyse"),
    Action("close-all", "Close a&ll", "Ctrl+Shift+W", "panel.close_all", "&File", hint="Close all recordings.",
           panel="analyse"),
    Action("new-project", "&New project...", "Ctrl+N", "projects.new_project", "&File",
           hint="Begin a project: clips to be labelled.", separated=True),
    Action("open-project", "Open &project...", "Ctrl+P", "projects.open_project", "&File", hint="Open a project."),
    Action("close-project", "&Close project", "Ctrl+W", "projects.close_project", "&File", panel="label"),
    Action("teach-close", "&Close project", "Ctrl+W", "projects.close_project", "&File", panel="teach"),
    Action("live-close", "&Close project", "Ctrl+W", "projects.close_project", "&File", panel="live"),
    Action("live-export", "E&xport the session...", "Ctrl+E", "live.export", "&File",
           hint="Save what was heard as a score table.", separated=True, panel="live"),
    Action("score-add", "&Add files...", "Ctrl+O", "score.add_files", "&File",
           hint="Score these sound files, lists or projects, too.", separated=True, panel="score"),
    Action("score-add-folder", "Add &folder...", "Ctrl+Shift+O", "score.add_folder", "&File",
           hint="Score all sound files of a folder, too.", panel="score"),
    Action("score-clear", "&Clear", "", "score.clear", "&File",
           hint="Take out all files and folders that were to be scored.", panel="score"),
    Action("save-copy", "Save a cop&y...", "", "projects.save_copy", "&File",
           hint="Write the project, as it is now, to another file.", panel="label"),
    Action("add-files", "&Add files...", "Ctrl+O", "projects.add_files", "&File",
           hint="Add sound files to the project.", separated=True, panel="label"),
    Action("add-folder", "Add &folder...", "Ctrl+Shift+O", "projects.add_folder", "&File",
           hint="Add all sound files of a folder to the project.", panel="label"),
    Action("watched-folders", "&Watched folders...", "", "projects.show_watched", "&File",
           hint="See the folders of which new sound files are added, and stop watching one.", panel="label"),
    Action("find-missing", "Fin&d missing recordings...", "", "projects.find_missing", "&File",
           hint="Look in a folder for recordings that were moved.", panel="label"),
    Action("import-labels", "&Import labels...", "Ctrl+I", "projects.import_labels", "&File", separated=True,
           panel="label"),
    Action("export-labels", "E&xport labels...", "Ctrl+E", "projects.export_labels", "&File", panel="label"),
    Action("merge", "Mer&ge...", "", "projects.merge", "&File",
           hint="Take over what was labelled in a copy of this project.", panel="label"),
    Action("agreement", "Ag&reement...", "Ctrl+G", "projects.show_agreement", "&File",
           hint="Compare the labels of several annotators.", panel="label"),
    Action("edit-scheme", "Edit &scheme...", "", "projects.edit_scheme", "&File",
           hint="Change the labels, their colours, keys and instructions.", panel="label"),
    Action("open-model", "Open a &model...", "Ctrl+M", "files.open_model", "&File",
           hint="Use the checkpoint in a folder, and analyse the open recordings anew.", separated=True),
    Action("bundled-model", "Use the &bundled model", "Ctrl+Shift+M", "files.use_bundled_model", "&File",
           hint="Use the model that comes with Moodlight, and analyse the open recordings anew."),
    Action("restart-engine", "Restart the &engine", "Ctrl+R", "restart_engine", "&File",
           hint="Start the process with the model afresh."),
    Action("quit", "&Quit", "Ctrl+Q", "close", "&File", separated=True),
    Action("previous-recording", "&Previous recording", "Ctrl+Up; PgUp", "panel.previous_recording", "&Recording",
           panel="analyse"),
    Action("next-recording", "&Next recording", "Ctrl+Down; PgDown", "panel.next_recording", "&Recording",
           panel="analyse"),
    Action("analyse-again", "&Analyse again", "F5", "panel.analyse_again", "&Recording",
           hint="Read the selected recordings again and analyse them anew.", separated=True, panel="analyse"),
    Action("stop", "&Stop analysing", "Ctrl+.", "panel.stop_analysing", "&Recording",
           hint="Stop analysing the selected recordings.", panel="analyse"),
    Action("play", "&Play or pause", "Space", "panel.toggle_play", "&Play", panel="analyse"),
    Action("loop", "&Loop the selection", "L", "panel.toggle_loop", "&Play",
           hint="Play the selection, or the segment where nothing is selected, over and over.", checkable=True,
           panel="analyse"),
    Action("back", "&Back 1 second", "Left", "panel.seek_back", "&Play", separated=True, panel="analyse"),
    Action("forward", "&Forward 1 second", "Right", "panel.seek_forward", "&Play", panel="analyse"),
    Action("previous-word", "Previous &word", "Ctrl+Left", "panel.previous_word", "&Play", panel="analyse"),
    Action("next-word", "Next w&ord", "Ctrl+Right", "panel.next_word", "&Play", panel="analyse"),
    Action("previous-segment", "Previous &segment", "Alt+Left", "panel.previous_segment", "&Play", panel="analyse"),
    Action("next-segment", "Next se&gment", "Alt+Right", "panel.next_segment", "&Play", panel="analyse"),
    Action("to-start", "To the s&tart", "Home", "panel.seek_start", "&Play", panel="analyse"),
    Action("to-end", "To the &end", "End", "panel.seek_end", "&Play", panel="analyse"),
    Action("select-from", "Select f&rom here", "[", "panel.select_from_here", "&Play",
           hint="The selection begins at the cursor.", separated=True, panel="analyse"),
    Action("select-to", "Select &up to here", "]", "panel.select_to_here", "&Play",
           hint="The selection ends at the cursor.", panel="analyse"),
    Action("select-segment", "Sele&ct the segment", "S", "panel.select_segment", "&Play", panel="analyse"),
    Action("select-none", "Select &nothing", "Esc", "panel.select_nothing", "&Play", panel="analyse"),
    Action("undo", "&Undo", "Ctrl+Z", "label.commands.undo", "&Edit", hint="Take back the last change.", panel="label"),
    Action("redo", "&Redo", "Ctrl+Shift+Z; Ctrl+Y", "label.commands.redo", "&Edit", hint="Do it again.", panel="label"),
    Action("select-all", "Select &all clips", "Ctrl+A", "label.queue.select_all", "&Edit",
           hint="Select all clips in the table.", separated=True, panel="label"),
    Action("filter", "&Find clips", "Ctrl+F; /", "label.queue.focus_filter", "&Edit", hint="Go to the filter.",
           panel="label"),
    Action("reload", "&Look again", "F5", "label.order.reload", "&Edit",
           hint="Filter and sort the table anew, and compute the order of work again.", panel="label"),
    Action("remove-clips", "Remo&ve the clips", "Ctrl+Del", "label.commands.remove_clips", "&Edit",
           hint="Take the selected clips out of the project; undo brings them back.", separated=True, panel="label"),
    Action("annotator", "A&nnotator...", "", "label.change_annotator", "&Edit", hint="Say who is labelling.",
           separated=True, panel="label"),
    *(Action(f"label-{number}", f"Label &{number}", str(number), "label.commands.give", "&Label",
             hint=f"Give label {number} of the scheme.", panel="label", value=number)
      for number in range(1, LABEL_DIGITS + 1)),
    *(Action(f"label-{number}", f"Label {number}", "", "label.commands.give", "&Label",  # app/annotate/label_keys.py
             hint=f"Give label {number} of the scheme.", panel="label", value=number)
      for number in range(LABEL_DIGITS + 1, LABEL_KEYS + 1)),
    Action("accept", "&Accept the suggestion", "A; Return; Enter", "label.commands.accept", "&Label",
           hint="Give the label that the model suggests.", separated=True, panel="label"),
    Action("unsure", "&Unsure", "X", "label.commands.toggle_unsure", "&Label",
           hint="Say that you cannot tell.", panel="label"),
    Action("flag", "&Flag", "F", "label.commands.toggle_flag", "&Label", hint="Mark the clip, to look at it again.",
           panel="label"),
    Action("clear", "&Clear", "Backspace", "label.commands.clear", "&Label",
           hint="Take back what you said of the clip.",
           panel="label"),
    Action("edit-transcript", "Edit the &transcript", "T", "label.answers.focus_transcript", "&Label", separated=True,
           panel="label"),
    Action("edit-note", "Write a &note", "N", "label.answers.focus_note", "&Label", panel="label"),
    Action("auto-advance", "Go on by &itself", "Ctrl+Shift+A", "label.toggle_advance", "&Label",
           hint="After a label, go on to the next clip.", checkable=True, separated=True, panel="label"),
    Action("blind", "Work &blind", "Ctrl+B", "label.toggle_blind", "&Label",
           hint="Hide what the other annotators say, so that it does not lead you.", checkable=True, panel="label"),
    Action("previous-clip", "&Previous clip", "Left; Ctrl+Left", "label.commands.previous_clip", "&Clip",
           panel="label"),
    Action("next-clip", "&Next clip", "Right; Ctrl+Right", "label.commands.next_clip", "&Clip", panel="label"),
    Action("next-unlabelled", "Next &unlabelled clip", "Ctrl+Shift+Right", "label.commands.next_unlabelled", "&Clip",
           panel="label"),
    Action("set-boundaries", "Set &boundaries to the selection", "B", "label.commands.set_boundaries", "&Clip",
           hint="The clip begins and ends where the selection does.", separated=True, panel="label"),
    Action("split-clip", "&Split here", "K", "label.commands.split_clip", "&Clip",
           hint="Make two clips of this one, divided at the cursor.", panel="label"),
    Action("join-clips", "&Join with next", "J", "label.commands.join_clips", "&Clip",
           hint="Make one clip of this one and the next of the recording, or of all that are selected.",
           panel="label"),
    Action("deselect", "Select nothin&g", "Esc", "label.sound.select_nothing", "&Clip", hint="Keep the boundaries.",
           panel="label"),
    Action("play-clip", "&Play or pause", "Space", "label.sound.playback.toggle", "&Play",
           hint="Play the clip, or pause.",
           panel="label"),
    Action("loop-clip", "&Loop the clip", "L", "label.sound.toggle_loop", "&Play", hint="Play the clip over and over.",
           checkable=True, panel="label"),
    Action("autoplay", "Play by &itself", "Ctrl+Shift+P", "label.toggle_autoplay", "&Play",
           hint="Play each clip when it is shown.", checkable=True, panel="label"),
    Action("refresh-sound", "Look for the sound &device", "Ctrl+D", "panel.refresh_sound", "&Play",
           hint="Look for a sound output again, e.g. after plugging in headphones.", separated=True),
    Action("teach", "&Teach", "Ctrl+Return; Ctrl+Enter", "teach.teach", "&Teach",
           hint="Teach the model the labels of the project, in the background.", panel="teach"),
    Action("teach-pause", "&Pause or go on", "Ctrl+Space", "teach.toggle_pause", "&Teach",
           hint="Hold the teaching on between two steps, or go on with it.", separated=True, panel="teach"),
    Action("teach-stop", "&Stop", "Ctrl+.", "teach.stop", "&Teach",
           hint="End the teaching; it can be gone on with later.", panel="teach"),
    Action("teach-keep", "&Keep the result", "Ctrl+K", "teach.keep", "&Teach",
           hint="Use the model that was taught from now on.", separated=True, panel="teach"),
    Action("teach-discard", "&Discard the result...", "", "teach.discard", "&Teach",
           hint="Delete the model that was taught.", panel="teach"),
    Action("load-recipe", "&Load recipe...", "", "teach.card.load_recipe", "&Teach",
           hint="Take the settings of a teaching from a file.", separated=True, panel="teach"),
    Action("save-recipe", "Sa&ve recipe...", "", "teach.card.save_recipe", "&Teach",
           hint="Keep the settings of a teaching in a file.", panel="teach"),
    Action("teach-import", "&Import a model...", "", "teach.import_model", "&Teach",
           hint="Bring a model that was exported elsewhere.", separated=True, panel="teach"),
    Action("curve", "Draw the lea&rning curve", "Ctrl+Shift+L", "teach.draw_curve", "&Teach",
           hint="See what labels have brought, and what more would bring.", separated=True, panel="teach"),
    Action("curve-stop", "Stop dra&wing", "", "teach.curve.run.stop", "&Teach",
           hint="End the drawing of the curve; it can be gone on with later.", panel="teach"),
    Action("curve-open", "&Open a curve...", "Ctrl+O", "teach.open_curve", "&Teach",
           hint="Show the report of a learning curve.", panel="teach"),
    Action("curve-picture", "Save the curve's pict&ure...", "", "teach.curve.save_picture", "&Teach",
           hint="Keep the picture of the curve as SVG or PNG.", panel="teach"),
    Action("curve-table", "Save the curve's ta&ble...", "", "teach.curve.save_table", "&Teach",
           hint="Keep the figures of the curve as CSV.", panel="teach"),
    Action("live-record", "&Record", "R", "live.record", "L&ive", hint="Begin a recording.", panel="live"),
    Action("live-pause", "&Pause or go on", "P", "live.toggle_pause", "L&ive",
           hint="Leave out what is heard, or go on with the recording.", panel="live"),
    Action("live-stop", "&Stop", "S", "live.stop", "L&ive",
           hint="End the recording; it becomes clips of the project.", panel="live"),
    Action("live-retake", "Re-&take...", "Ctrl+Backspace", "live.retake", "L&ive",
           hint="Throw the recording away, and begin anew.", panel="live"),
    Action("live-listen", "&Listen", "L", "live.toggle_listen", "L&ive",
           hint="Hear the microphone while Live is shown, recording or not.", checkable=True, separated=True,
           panel="live"),
    Action("live-folder", "Recordings &folder...", "", "live.choose_folder", "L&ive",
           hint="Choose where recordings are kept while no project is open.", panel="live"),
    Action("live-words", "Correct the &words", "T", "live.edit_words", "Se&gment",
           hint="Write what was really said in the segment.", panel="live"),
    Action("live-play", "&Play the segment", "Return; Enter", "live.play", "Se&gment", panel="live"),
    Action("live-previous", "Pre&vious segment", "Alt+Up", "live.previous_segment", "Se&gment", panel="live"),
    Action("live-next", "&Next segment", "Alt+Down", "live.next_segment", "Se&gment", panel="live"),
    Action("live-deselect", "Select n&othing", "Esc", "live.deselect", "Se&gment",
           hint="Labels go to what is being said again.", panel="live"),
    Action("live-freeze", "&Freeze", "F; Space", "live.picture.toggle_freeze", "&View",
           hint="Hold the picture on, or let it move again; recording goes on.", checkable=True, panel="live"),
    Action("live-now", "To &now", "End", "live.picture.to_now", "&View", hint="Show what is heard now.", panel="live"),
    Action("live-back", "Scroll ba&ck", "Left; PgUp", "live.picture.scroll_back", "&View",
           hint="Show what was heard before.", panel="live"),
    Action("live-on", "Scroll &on", "Right; PgDown", "live.picture.scroll_on", "&View",
           hint="Show what was heard after that.", panel="live"),
    Action("live-start", "To the beg&inning", "Home", "live.picture.to_start", "&View", panel="live"),
    Action("score-start", "&Start", "Ctrl+Return; Ctrl+Enter", "score.start", "&Score",
           hint="Score the files and folders, in the background.", panel="score"),
    Action("score-pause", "&Pause or go on", "Ctrl+Space", "score.toggle_pause", "&Score",
           hint="Leave the processor to others, or go on.", panel="score"),
    Action("score-stop", "S&top", "Ctrl+.", "score.stop", "&Score",
           hint="End the scoring; what is done is kept, and gone on with later.", panel="score"),
    Action("score-play", "&Listen", "Space", "score.play", "&Score",
           hint="Hear what the row is about, or pause.", separated=True, panel="score"),
    Action("score-analyse", "Open in &Analyse", "Ctrl+E", "score.analyse", "&Score",
           hint="See the row's recording with its sound, emotion and words.", panel="score"),
    Action("score-table", "&Open table", "", "score.open_table", "&Score", hint="Open the table that was written.",
           separated=True, panel="score"),
    Action("score-summary", "Open s&ummary", "", "score.open_summary", "&Score",
           hint="See what was heard by file, folder, speaker and time.", panel="score"),
    Action("score-folder", "Show &folder", "", "score.show_folder", "&Score",
           hint="Show the folder that the table is in.", panel="score"),
    Action("zoom-in", "Zoom &in", "Ctrl++; Ctrl+=", "panel.zoom_in", "&View", panel="analyse"),
    Action("zoom-out", "Zoom &out", "Ctrl+-", "panel.zoom_out", "&View", panel="analyse"),
    Action("fit", "&Fit the recording", "Ctrl+0", "panel.zoom_fit", "&View", hint="Show the whole recording.",
           panel="analyse"),
    Action("pan-left", "Pan &left", "Shift+Left", "panel.pan_left", "&View", panel="analyse"),
    Action("pan-right", "Pan &right", "Shift+Right", "panel.pan_right", "&View", panel="analyse"),
    Action("label-zoom-in", "Zoom &in", "Ctrl++; Ctrl+=", "label.sound.timeline.zoom_in", "&View", panel="label"),
    Action("label-zoom-out", "Zoom &out", "Ctrl+-", "label.sound.timeline.zoom_out", "&View", panel="label"),
    Action("fit-clip", "&Fit the clip", "Ctrl+0", "label.sound.timeline.fit_clip", "&View",
           hint="Show the clip and a little around.",
           panel="label"),
    Action("label-pan-left", "Pan &left", "Shift+Left", "label.sound.timeline.pan_left", "&View", panel="label"),
    Action("label-pan-right", "Pan &right", "Shift+Right", "label.sound.timeline.pan_right", "&View", panel="label"),
    Action("hide-suggestion", "&Hide the suggestion", "H", "label.toggle_suggestion", "&View",
           hint="Hide what the model suggests, so that it does not lead you.", checkable=True, separated=True,
           panel="label"),
    Action("work-analyse", "&Analyse", "Ctrl+1", "use_analyse", "&View", hint="Hear what is said and felt in files.",
           checkable=True, separated=True),
    Action("work-label", "La&bel", "Ctrl+2", "use_label", "&View", hint="Label the clips of a project.",
           checkable=True),
    Action("work-teach", "&Teach", "Ctrl+3", "use_teach", "&View",
           hint="Teach the model what a project's clips were labelled.", checkable=True),
    Action("work-live", "Li&ve", "Ctrl+4", "use_live", "&View",
           hint="Record, and see and hear emotion and words as they are spoken.", checkable=True),
    Action("work-score", "&Score", "Ctrl+5", "use_score", "&View",
           hint="Score folders of recordings into a table.", checkable=True),
    Action("theme-system", "As the &system", "", "use_system_theme", "&View/&Theme",
           hint="Light or dark as the desktop is.", checkable=True),
    Action("theme-light", "&Light", "", "use_light_theme", "&View/&Theme", checkable=True),
    Action("theme-dark", "&Dark", "", "use_dark_theme", "&View/&Theme", checkable=True),
    Action("next-theme", "&Next theme", "Ctrl+T", "next_theme", "&View/&Theme",
           hint="System, light, dark, and round again.", separated=True),
    Action("keys", "&Keys", "F1", "show_keys", "&Help", hint="List all keys."),
    Action("change-keys", "&Change keys...", "", "change_keys", "&Help", hint="Choose other keys."),
    Action("about", "&About Moodlight", "", "show_about", "&Help",
           hint="The version, and what the model is good for."),
)
# fmt: on
