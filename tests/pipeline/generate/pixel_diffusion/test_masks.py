from __future__ import annotations

from collections import Counter

import pytest
import torch

from pipeline.generate.pixel_diffusion.masks import PROBABILITIES, STRATEGIES, draw_mask


def test_the_mix_is_appendix_a_normalised() -> None:
    assert sum(PROBABILITIES) == pytest.approx(1)
    assert PROBABILITIES[0] / PROBABILITIES[1] == pytest.approx(2)
    assert PROBABILITIES[0] / PROBABILITIES[2] == pytest.approx(8)
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_mask(16, generator) for _ in range(6000)]
    counts = Counter(name for _, name in drawn)
    for name, probability in zip(STRATEGIES, PROBABILITIES, strict=True):
        assert counts[name] / 6000 == pytest.approx(probability, abs=0.02)
    kept = torch.stack([mask for mask, name in drawn if name == "bernoulli"]).float()
    assert float(kept.sum(1).mean()) == pytest.approx(1, abs=0.1)  # one frame is known on average


def test_each_strategy_knows_what_its_name_says() -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(500):
        mask, name = draw_mask(16, generator)
        at = mask.nonzero()[:, 0].tolist()
        if name == "unconditional":
            assert at == []
        elif name == "interpolation":
            assert at[0] == 0
            assert len(at) >= 2
            assert len(set(torch.tensor(at).diff().tolist())) == 1
        elif name == "extension":
            assert at == list(range(len(at)))
            assert 1 <= len(at) <= 15
