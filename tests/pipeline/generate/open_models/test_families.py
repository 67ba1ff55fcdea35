"""What models can do, by family and by their configuration files."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.generate.open_models.families import FAMILIES, ability_of, family_of, needs_last


@pytest.mark.parametrize(
    ("index", "name", "lengths", "multiple", "positions"),
    [
        ("LTXPipeline", "ltx", (8, 1), 32, "any"),
        ("LTX2Pipeline", "ltx2", (8, 1), 32, "any"),
        ("WanVACEPipeline", "wan-vace", (4, 1), 16, "any"),
        ("WanImageToVideoPipeline", "wan-image", (4, 1), 16, "first"),
        ("CogVideoXImageToVideoPipeline", "cogvideox", (4, 1), 16, "first"),
        ("AnimateDiffSparseControlNetPipeline", "sparsectrl", (16, 16), 8, "any"),
    ],
)
def test_families_by_their_index(
    index: str, name: str, lengths: tuple[int, int], multiple: int, positions: str
) -> None:
    family = family_of(index)
    assert family is not None and family.name == name
    ability = ability_of(family, {}, "", 1)
    assert (ability.lengths, ability.multiple, ability.positions) == (lengths, multiple, positions)
    assert ability.name == "diffusers" and ability.licence and ability.options
    assert ("reference" in ability.kinds) == (positions == "any")


def test_an_index_has_one_family_and_unknown_ones_none() -> None:
    indexes = [index for family in FAMILIES for index in family.indexes]
    assert len(set(indexes)) == len(indexes)
    assert family_of("FluxPipeline") is None and family_of("None") is None


@pytest.mark.parametrize(
    ("configs", "positions", "multiple", "both"),
    [
        ({"transformer": {"pos_embed_seq_len": None}}, "first", 16, False),  # Wan 2.1
        ({"transformer": {"pos_embed_seq_len": 514}}, "ends", 16, True),  # Wan 2.1, first and last frame
        ({"": {"boundary_ratio": 0.9}}, "ends", 16, False),  # Wan 2.2, two experts
        ({"": {"expand_timesteps": True}, "vae": {"scale_factor_spatial": 16}}, "first", 32, False),  # Wan 2.2, 5B
    ],
)
def test_wan_models_differ_by_their_configuration(
    configs: dict[str, Any], positions: str, multiple: int, both: bool
) -> None:
    family = family_of("WanImageToVideoPipeline")
    assert family is not None
    ability = ability_of(family, configs, "", 1)
    assert (ability.positions, ability.multiple, needs_last(configs)) == (positions, multiple, both)


def test_learned_positions_allow_cogvideox_one_size() -> None:
    family = family_of("CogVideoXImageToVideoPipeline")
    assert family is not None
    fixed = {"sample_height": 60, "sample_width": 90, "use_learned_positional_embeddings": True, "sample_frames": 81}
    assert ability_of(family, {"transformer": fixed}, "", 1).sizes == ((480, 720),)
    free = ability_of(family, {"transformer": {**fixed, "use_learned_positional_embeddings": False}}, "", 1)
    assert free.sizes == () and free.longest == 81
    odd = {"sample_height": "tall", "sample_width": -1, "use_learned_positional_embeddings": True}
    assert ability_of(family, {"transformer": odd}, "", 1).sizes == ((480, 720),)


def test_with_a_stride_any_length_is_wanted_of_what_can_be_made() -> None:
    family = family_of("WanVACEPipeline")
    assert family is not None
    ability = ability_of(family, {}, "Apache-2.0", 5)
    assert (ability.longest, ability.fits(16)) == (17, 16)
