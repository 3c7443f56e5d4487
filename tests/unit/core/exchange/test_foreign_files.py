"""Files as other programs write them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from praatio import textgrid as praatio

from core.errors import MoodlightError
from core.exchange import FORMATS, audacity, detect, elan, label_studio, textgrid
from core.exchange.labels import LabelledClip


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def said(rows: list[LabelledClip]) -> list[tuple[float, float | None, str, str]]:
    return [(row.start_s, row.end_s, row.label, row.transcript) for row in rows]


# Audacity 3 writes no byte order mark, and a line with the frequencies of a label that has a spectral selection
TRACK = "0.512000\t1.250000\tanger\n\\\t300.000000\t3400.500000\n2.000000\t2.000000\tbreath\n3.000000\t3.500000\t\n"


def test_audacity_with_frequencies_and_points(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", TRACK)
    assert detect(path).name == "audacity"
    rows = audacity.read(path)
    assert said(rows) == [(0.512, 1.25, "anger", ""), (2.0, 2.0, "breath", ""), (3.0, 3.5, "", "")]
    assert {row.file for row in rows} == {tmp_path / "a.wav"}


def test_audacity_on_windows_with_a_decimal_comma_and_points_of_one_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "\ufeff1,5\t2,25\tsadness, mild\r\n3,0\tclick\r\n".encode())
    assert said(audacity.read(path)) == [(1.5, 2.25, "sadness, mild", ""), (3.0, 3.0, "click", "")]


def test_audacity_joins_the_tracks_of_labels_and_words(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "0\t1\tanger\n1\t2\tneutral\n")
    words = write(tmp_path / "a.words.txt", "1\t2\thello\n5\t6\talone\n")
    both = [(0.0, 1.0, "anger", ""), (1.0, 2.0, "neutral", "hello"), (5.0, 6.0, "", "alone")]
    assert said(audacity.read(tmp_path)) == said(audacity.read(tmp_path / "a.txt")) == both
    assert said(audacity.read(words)) == [(1.0, 2.0, "", "hello"), (5.0, 6.0, "", "alone")]


def test_audacity_writes_the_track_that_is_chosen(tmp_path: Path) -> None:
    rows = [LabelledClip(tmp_path / "a.wav", 0.0, 1.0, "anger", "go")]
    assert audacity.write(rows, tmp_path / "l", content="label") == [tmp_path / "l" / "a.txt"]
    assert audacity.write(rows, tmp_path / "t", content="transcript") == [tmp_path / "t" / "a.words.txt"]
    assert len(audacity.write(rows, tmp_path / "b")) == 2
    assert (tmp_path / "t" / "a.words.txt").read_text() == "0.000000\t1.000000\tgo\n"


# as Praat 6.4 saves a TextGrid
HEAD = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
LONG = '''xmin = 0
xmax = 3.25
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "Emotion"
        xmin = 0
        xmax = 3.25
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 2.123456789
            text = "anger"
        intervals [3]:
            xmin = 2.123456789
            xmax = 3.25
            text = "기쁨 🙂"
    item [2]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 3.25
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = "uh"
        intervals [2]:
            xmin = 0.5
            xmax = 1
            text = "item [1]:"
        intervals [3]:
            xmin = 1
            xmax = 2
            text = "he said ""no"""
        intervals [4]:
            xmin = 2
            xmax = 3.25
            text = ""
    item [3]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 3.25
        points: size = 1
        points [1]:
            number = 1.5
            mark = "x"
'''
LONG = HEAD + re.sub(r"(?<!]:)$(?!\Z)", " ", LONG, flags=re.MULTILINE)  # a space behind every value
SHORT = '''0
3.25
<exists>
3
"IntervalTier"
"Emotion"
0
3.25
3
0
0.5
""
0.5
2.123456789
"anger"
2.123456789
3.25
"기쁨 🙂"
"IntervalTier"
"words"
0
3.25
4
0
0.5
"uh"
0.5
1
"item [1]:"
1
2
"he said ""no"""
2
3.25
""
"TextTier"
"clicks"
0
3.25
1
1.5
"x"
'''
SHORT = HEAD + SHORT


@pytest.mark.parametrize("text", [LONG, SHORT, LONG.replace("\n", "\r\n")], ids=["long", "short", "windows"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_praat(tmp_path: Path, text: str, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path = write(tmp_path / "session 1.TextGrid", mark + text.encode(encoding))
    write(tmp_path / "session 1.flac", "")
    assert detect(path).name == "textgrid"
    rows = textgrid.read(path)
    assert {row.file for row in rows} == {tmp_path / "session 1.flac"}
    assert said(rows) == [
        (0.0, 0.5, "", "uh"),
        (0.5, 2.123457, "anger", 'item [1]: he said "no"'),
        (2.123457, 3.25, "기쁨 🙂", ""),
    ]


def test_praat_with_comments_and_with_one_tier_of_any_name(tmp_path: Path) -> None:
    text = '"ooTextFile"\n"TextGrid"\n0 1 ! from 0 to 1 s\n<exists> 1 tier\n"IntervalTier" "Mary" 0 1 1\n1e-05 1 "joy"'
    rows = textgrid.read(write(tmp_path / "a.TextGrid", text))
    assert said(rows) == [(0.00001, 1.0, "joy", "")]


def test_tiers_that_do_not_say_what_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.TextGrid", LONG.replace("Emotion", "Mary").replace('"words"', '"phones"'))
    with pytest.raises(MoodlightError, match=r"a\.TextGrid .*'Mary', 'phones', 'clicks'"):
        textgrid.read(path)


@pytest.mark.parametrize("form", ["long", "short"])
def test_praat_gets_intervals_without_gaps_and_overlaps_in_tiers_of_their_own(tmp_path: Path, form: str) -> None:
    recording = tmp_path / "a.wav"
    rows = [
        LabelledClip(recording, 0.5, 1.5, "anger", "go away", annotator="ana"),
        LabelledClip(recording, 1.0, 2.0, "sadness", annotator="ana"),
        LabelledClip(recording, 0.5, 1.5, "neutral", annotator="ben", note="loud"),
        LabelledClip(recording, 1.5, 1.5, "breath"),
    ]
    (path,) = textgrid.write(rows, tmp_path, {recording: 3.0}, form=form)  # type: ignore[arg-type]
    grid = praatio.openTextgrid(str(path), includeEmptyIntervals=True)
    assert grid.tierNames == (
        *("emotion", "emotion (ana)", "emotion (ana) 2", "emotion (ben)", "transcript (ana)", "note (ben)"),
    )
    assert [tuple(entry) for entry in grid.getTier("emotion (ana)").entries] == [
        (0.0, 0.5, ""),
        (0.5, 1.5, "anger"),
        (1.5, 3.0, ""),
    ]
    assert [tuple(point) for point in grid.getTier("emotion").entries] == [(1.5, "breath")]


# as ELAN 6 saves it: a transcript, its emotion as a dependent tier, and words that share the time of an annotation
EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-03-11T14:02:33+01:00" FORMAT="3.0" VERSION="3.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
    <LICENSE LICENSE_URL=""/>
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/Users/ana/session 1.wav" MIME_TYPE="audio/x-wav"
            RELATIVE_MEDIA_URL="./media/session 1.wav"/>
        <PROPERTY NAME="URN">urn:nl-mpi-tools-elan-eaf:6f3a1f5e-0000-4f3c-8a8e-1d2f3c4b5a69</PROPERTY>
        <PROPERTY NAME="lastUsedAnnotationId">6</PROPERTY>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
        <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="500"/>
        <TIME_SLOT TIME_SLOT_ID="ts3"/>
        <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="1750"/>
        <TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="1750"/>
        <TIME_SLOT TIME_SLOT_ID="ts6" TIME_VALUE="2000"/>
        <TIME_SLOT TIME_SLOT_ID="ts7" TIME_VALUE="2600"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="A" ANNOTATOR="ana" TIER_ID="A_Transcription">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts4">
                <ANNOTATION_VALUE>저리 &lt;가&gt; 🙂</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts6" TIME_SLOT_REF2="ts7">
                <ANNOTATION_VALUE>no</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="emo" PARENT_REF="A_Transcription" PARTICIPANT="A" ANNOTATOR="ana" TIER_ID="A_Emotion">
        <ANNOTATION>
            <REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
                <ANNOTATION_VALUE>anger</ANNOTATION_VALUE>
            </REF_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="sub" PARENT_REF="A_Transcription" PARTICIPANT="A" TIER_ID="mood swings@A">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a4" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
                <ANNOTATION_VALUE>calm</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a5" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts5">
                <ANNOTATION_VALUE></ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="gesture">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a6" TIME_SLOT_REF1="ts6" TIME_SLOT_REF2="ts7">
                <ANNOTATION_VALUE>nod</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
    <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="emo"
        TIME_ALIGNABLE="false"/>
    <LINGUISTIC_TYPE CONSTRAINTS="Time_Subdivision" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="sub"
        TIME_ALIGNABLE="true"/>
    <CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" STEREOTYPE="Symbolic_Association"/>
</ANNOTATION_DOCUMENT>
"""


def test_elan(tmp_path: Path) -> None:
    path = write(tmp_path / "labels" / "s.eaf", EAF)
    assert detect(path).name == "eaf"
    recording = tmp_path / "labels" / "media" / "session 1.wav"
    about = {"annotator": "ana", "speaker": "A"}
    assert elan.read(path) == [
        LabelledClip(recording, 0.5, 1.125, "calm", speaker="A"),
        LabelledClip(recording, 0.5, 1.75, "anger", "저리 <가> 🙂", **about),
        LabelledClip(recording, 1.125, 1.75, "", speaker="A"),
        LabelledClip(recording, 2.0, 2.6, "", "no", **about),
    ]
    moved = write(tmp_path / "sounds" / "session 1.wav", "")
    assert {row.file for row in elan.read(path, tmp_path / "sounds")} == {moved}


@pytest.mark.parametrize("link", ["file://server/share/a.wav", "//server/share/a.wav", "http://example.org/a.wav"])
def test_elan_is_not_sent_into_a_network(tmp_path: Path, link: str) -> None:
    text = EAF.replace("./media/session 1.wav", link).replace("file:///C:/Users/ana/session 1.wav", link)
    assert {row.file for row in elan.read(write(tmp_path / "s.eaf", text))} == {tmp_path / "s.wav"}


def test_elan_gets_the_recording_by_its_path_from_the_document(tmp_path: Path) -> None:
    recording = write(tmp_path / "sounds" / "a b.wav", "")
    rows = [LabelledClip(recording, 0.0, 1.0, "anger", annotator="ana"), LabelledClip(recording, 0.5, 0.9, "x")]
    (path,) = elan.write(rows, tmp_path / "out")
    text = path.read_text(encoding="utf-8")
    assert 'RELATIVE_MEDIA_URL="../sounds/a b.wav"' in text and str(tmp_path) not in text
    assert 'TIER_ID="emotion (ana)"' in text and 'ANNOTATOR="ana"' in text
    times = [int(part.split('"')[0]) for part in text.split('TIME_VALUE="')[1:]]
    assert times == sorted(times) == [0, 500, 900, 1000]
    assert [row.file for row in elan.read(path)] == [recording, recording]


# as Label Studio 1.13 exports it
EXPORT = [
    {
        "id": 7,
        "annotations": [
            {
                "id": 11,
                "completed_by": {"id": 1, "email": "ana@example.org", "first_name": "Ana", "last_name": "Ruiz"},
                "result": [
                    {
                        "original_length": 12.5,
                        "value": {"start": 0.5125, "end": 2.25, "channel": 0, "labels": ["anger"]},
                        "id": "wavesurfer_1ab",
                        "from_name": "label",
                        "to_name": "audio",
                        "type": "labels",
                        "origin": "manual",
                        "meta": {"text": ["shouts"]},
                    },
                    {
                        "original_length": 12.5,
                        "value": {"start": 0.5125, "end": 2.25, "channel": 0, "text": ["go away"]},
                        "id": "wavesurfer_1ab",
                        "from_name": "transcription",
                        "to_name": "audio",
                        "type": "textarea",
                        "origin": "manual",
                    },
                    {
                        "value": {"choices": ["sadness"]},
                        "id": "bQ2",
                        "from_name": "emotion",
                        "to_name": "audio",
                        "type": "choices",
                        "origin": "manual",
                    },
                    {
                        "value": {"choices": ["good"]},
                        "id": "bQ3",
                        "from_name": "quality",
                        "to_name": "audio",
                        "type": "choices",
                        "origin": "manual",
                    },
                    {"value": {"rating": 4}, "id": "bQ4", "from_name": "r", "to_name": "audio", "type": "rating"},
                ],
                "was_cancelled": False,
                "ground_truth": True,
                "created_at": "2024-03-11T13:02:33.123456Z",
                "updated_at": "2024-03-11T13:05:33.123456Z",
                "lead_time": 31.7,
                "parent_prediction": None,
            },
            {
                "id": 12,
                "completed_by": 2,
                "result": [
                    {
                        "value": {"start": 3, "end": 4, "channel": 0, "labels": ["Speaker 1"]},
                        "id": "x",
                        "from_name": "speakers",
                        "to_name": "audio",
                        "type": "labels",
                    },
                    {
                        "value": {"start": 3, "end": 4, "channel": 0, "choices": ["joy"]},
                        "id": "x",
                        "from_name": "emotion",
                        "to_name": "audio",
                        "type": "choices",
                    },
                ],
                "was_cancelled": False,
                "ground_truth": False,
                "created_at": "2024-03-12T08:00:00.000000Z",
            },
            {"id": 13, "completed_by": 3, "result": [], "was_cancelled": True, "ground_truth": False},
        ],
        "file_upload": "8f3a1b2c-a b.wav",
        "drafts": [],
        "predictions": [{"result": [{"value": {"choices": ["neutral"]}, "type": "choices"}]}],
        "data": {"audio": "/data/local-files/?d=corpus/a%20b.wav", "speaker": "s1"},
        "meta": {},
        "project": 1,
    }
]


def test_label_studio(tmp_path: Path) -> None:
    path = write(tmp_path / "export.json", json.dumps(EXPORT))
    assert detect(path).name == "label-studio"
    recording = write(tmp_path / "a b.wav", "")
    ana = {
        "annotator": "ana@example.org",
        "adjudicated": True,
        "made": "2024-03-11T13:02:33.123456Z",
        "speaker": "s1",
    }
    assert label_studio.read(path) == [
        LabelledClip(recording, 0.5125, 2.25, "anger", "go away", note="shouts", **ana),
        LabelledClip(recording, label="sadness", **ana),
        LabelledClip(
            recording, 3.0, 4.0, "joy", annotator="2", made="2024-03-12T08:00:00.000000Z", speaker="Speaker 1"
        ),
    ]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("/data/upload/3/8f3a1b2c-a.wav", "a.wav"),
        ("https://label.example.org/data/local-files/?d=deep/corpus/s/b.wav", "s/b.wav"),
        ("s3://bucket/corpus/s/b.wav", "s/b.wav"),
        ("/home/ana/a.wav", "a.wav"),
        ("\\\\server\\share\\a.wav", "a.wav"),
        ("s/b.wav", "s/b.wav"),
        ("gone.wav", "gone.wav"),
        ("../sounds/a.wav", "a.wav"),
    ],
)
def test_label_studio_finds_recordings_below_a_folder(tmp_path: Path, reference: str, found: str) -> None:
    for name in ("a.wav", "s/b.wav"):
        write(tmp_path / "sounds" / name, "")
    task = {"data": {"other": 3, "audio": reference}, "annotations": [{"result": [{"value": {"choices": ["joy"]}}]}]}
    path = write(tmp_path / "tasks" / "e.json", json.dumps([task]))
    assert [row.file for row in label_studio.read(path, tmp_path / "sounds")] == [tmp_path / "sounds" / found]


def test_label_studio_writes_users_as_it_takes_them_and_needs_a_root_to_serve(tmp_path: Path) -> None:
    recording = tmp_path / "sounds" / "a.wav"
    rows = [LabelledClip(recording, label="joy", annotator=name) for name in ("ana@example.org", "12", "ben")]
    (path,) = label_studio.write(rows, tmp_path / "t.json")
    (task,) = json.loads(path.read_text(encoding="utf-8"))
    assert task["data"] == {"audio": "sounds/a.wav"}
    users = [annotation.get("completed_by") for annotation in task["annotations"]]
    assert users == [{"email": "ana@example.org"}, 12, None]
    assert task["annotations"][2]["result"][0]["meta"] == {"annotator": "ben"}
    with pytest.raises(MoodlightError, match=r"a\.wav is not below .*other"):
        label_studio.write(rows, tmp_path / "t.json", document_root=tmp_path / "other")
    config = label_studio.labelling_config(['<"x"&y>', "joy"])
    assert '<Choice value="&lt;&quot;x&quot;&amp;y&gt;"/>' in config and config.count('"joy"') == 2


def test_a_folder_is_read_as_a_whole_and_recognised(tmp_path: Path) -> None:
    write(tmp_path / "labels" / "a.TextGrid", LONG)
    write(tmp_path / "labels" / "s" / "b.textgrid", SHORT)
    write(tmp_path / "labels" / ".hidden.TextGrid", "")
    write(tmp_path / "labels" / "readme.txt", "no labels")
    assert detect(tmp_path / "labels").name == "textgrid"
    rows = FORMATS["textgrid"].read(tmp_path / "labels", tmp_path / "sounds")
    assert {row.file for row in rows} == {tmp_path / "sounds" / "a.wav", tmp_path / "sounds" / "s" / "b.wav"}
    write(tmp_path / "labels" / "c.eaf", EAF)
    with pytest.raises(MoodlightError, match="several formats: textgrid, eaf"):
        detect(tmp_path / "labels")
