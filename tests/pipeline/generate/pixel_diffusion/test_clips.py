from __future__ import annotations

import numpy as np

from pipeline.generate.pixel_diffusion.clips import procedural_source


def test_training_videos_are_of_both_contexts_and_the_same_for_a_seed() -> None:
    made, again = procedural_source(3, 8, 4, (12, 20)), procedural_source(3, 8, 4, (12, 20))
    assert made.frames.shape == (8, 4, 12, 20, 3)
    assert set(made.contexts) == {"dynamic", "freeze_time"}
    assert all(prompt.startswith(("a ", "an ")) for prompt in made.prompts)
    assert np.array_equal(made.frames, again.frames)
    assert not np.array_equal(made.frames, procedural_source(4, 8, 4, (12, 20)).frames)
