"""BPE units of transcripts, by SentencePiece (Kudo and Richardson 2018)."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from core.errors import CheckpointError, ConfigError

WORD_START = "\u2581"  # the piece prefix with which SentencePiece marks a word's beginning


def normalise_text(text: str) -> str:
    """A transcript as the model is trained to write it: upper case, letters, digits and apostrophes, single spaces."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").upper()
    return " ".join(re.sub(r"[^\w']|_", " ", text).split())


class Tokenizer:
    """Text to BPE unit numbers and back. Unit numbers run from 0 to `units - 1`; the CTC blank is not one of them."""

    def __init__(self, model: bytes) -> None:
        self.model = model
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.pieces: tuple[str, ...] = tuple(self._processor.id_to_piece(i) for i in range(self.units))

    @property
    def units(self) -> int:
        return int(self._processor.get_piece_size())

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read `tokenizer.model`.

        Raises:
            CheckpointError: the file is missing or not a SentencePiece model.
        """
        try:
            return cls(path.read_bytes())
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f"{path} is not a SentencePiece model that can be read ({error}).") from error

    @classmethod
    def train(cls, texts: Iterable[str], units: int) -> Tokenizer:
        """Learn `units` BPE units from transcripts.

        Raises:
            ConfigError: the texts are too few for so many units.
        """
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter([normalise_text(text) for text in texts]),
                model_writer=model,
                vocab_size=units,
                model_type="bpe",
                character_coverage=1.0,
                unk_id=0,
                bos_id=-1,
                eos_id=-1,
                pad_id=-1,
                normalization_rule_name="identity",
                minloglevel=2,
            )
        except RuntimeError as error:
            raise ConfigError(f"{units} BPE units cannot be learnt from these transcripts: {error}") from error
        return cls(model.getvalue())

    def encode(self, text: str) -> list[int]:
        """Unit numbers of a transcript, which is normalised first."""
        return list(self._processor.encode(normalise_text(text)))

    def decode(self, units: Sequence[int]) -> str:
        """The text of unit numbers, words separated by single spaces."""
        return "".join(self.pieces[unit] for unit in units).replace(WORD_START, " ").strip()
