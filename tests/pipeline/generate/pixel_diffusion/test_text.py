from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.pixel_diffusion.text import LONGEST, MiniLM, NgramEncoder, encoder, minilm_folder
from renderer.errors import Refusal


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    try:
        return MiniLM(minilm_folder())
    except Refusal as refusal:
        pytest.skip(str(refusal))


def likeness(model: MiniLM, a: str, b: str) -> float:
    tokens, there = model.encode([a, b])
    means = (tokens * there[..., None]).sum(1) / there.sum(1, keepdim=True)
    return float(F.cosine_similarity(means[0], means[1], dim=0))


def test_minilm_reads_meaning(minilm: MiniLM) -> None:
    assert likeness(minilm, "a dog runs over the grass", "a puppy on a lawn") > 0.5
    assert likeness(minilm, "a dog runs over the grass", "the interest rate of a bank") < 0.2


def test_minilm_splits_words_into_pieces(minilm: MiniLM) -> None:
    """101 and 102 are [CLS] and [SEP]; the rest are rows of the published vocabulary."""
    assert minilm.pieces("A dog, running!") == [101, 1037, 3899, 1010, 2770, 999, 102]
    assert minilm.pieces("Café") == minilm.pieces("cafe")
    assert minilm.pieces("splatime") == [101, 11867, 20051, 14428, 102]
    assert minilm.pieces(" \n ") == []


def test_minilm_does_not_depend_on_its_company(minilm: MiniLM) -> None:
    alone, _ = minilm.encode(["a red ball"])
    beside, there = minilm.encode(["", "a red ball", "a very much longer prompt about a red ball"])
    assert torch.equal(beside[1, : alone.shape[1]], alone[0])
    assert there.sum(1).tolist() == [0, 5, 11]


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200))
def test_any_prompt_has_few_finite_tokens(prompt: str) -> None:
    tokens, there = NgramEncoder(16).encode([prompt, ""])
    assert tokens.shape[1] <= LONGEST
    assert bool(tokens.isfinite().all())
    assert int(there[1].sum()) == 0


@settings(max_examples=30, deadline=None)
@given(prompt=st.text(max_size=300))
def test_minilm_survives_any_prompt(minilm: MiniLM, prompt: str) -> None:
    assert len(minilm.pieces(prompt)) <= LONGEST


def test_ngrams_of_like_spellings_are_near() -> None:
    tokens, _ = NgramEncoder(64).encode(["jumping", "jumped", "carpet"])
    near, far = (F.cosine_similarity(tokens[0, 0], tokens[k, 0], dim=0) for k in (1, 2))
    assert float(near) > float(far) + 0.2


def test_an_unknown_encoder_is_refused() -> None:
    with pytest.raises(Refusal, match="need the text encoder"):
        encoder("t5", 4096)
