"""Tiny open video models with random weights, saved as their makers save the large ones.

Every one is built from configurations alone, so that the code that loads and runs the large ones is what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WIDTH = 16
"""Of text embeddings, and of most layers."""


def words(length: int = 32) -> Any:
    """A tokenizer of single letters."""
    alphabet = ["<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz0123456789.,"]
    tokens = Tokenizer(models.WordLevel({token: i for i, token in enumerate(alphabet)}, unk_token="<unk>"))
    letters = pre_tokenizers.Split("", "isolated")
    tokens.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), letters])
    tokens.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokens, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=length
    )


def _t5(kind: str = "T5") -> Any:
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=48, d_model=WIDTH, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    return getattr(transformers, f"{kind}EncoderModel")(config)


def ltx(folder: Path) -> None:
    """LTX-Video: 8 frames and 32 px a latent."""
    vae = diffusers.AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4,
        layers_per_block=(1,) * 5, decoder_layers_per_block=(1,) * 5,
        spatio_temporal_scaling=(True, True, True, False), decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5, upsample_residual=(False,) * 4, upsample_factor=(1,) * 4,
    )  # fmt: skip
    transformer = diffusers.LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=2, attention_head_dim=8, cross_attention_dim=WIDTH,
        num_layers=1, caption_channels=WIDTH,
    )  # fmt: skip
    diffusers.LTXConditionPipeline(
        diffusers.FlowMatchEulerDiscreteScheduler(), vae, _t5(), words(), transformer
    ).save_pretrained(folder)


def ltx2(folder: Path) -> None:
    """LTX-2, with its sound."""
    text = transformers.Gemma3Config(
        text_config={
            "vocab_size": 48, "hidden_size": WIDTH, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
        },
        vision_config={
            "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
            "image_size": 28, "patch_size": 14,
        },
        mm_tokens_per_image=4, image_token_index=40, boi_token_index=41, eoi_token_index=42,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLLTX2Video(
        latent_channels=4, block_out_channels=(8,) * 4, decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1,) * 5, decoder_layers_per_block=(1,) * 4, spatio_temporal_scaling=(True,) * 4,
        decoder_spatio_temporal_scaling=(True,) * 3, decoder_inject_noise=(False,) * 4,
        downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        upsample_residual=(True,) * 3, upsample_factor=(2,) * 3, spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )  # fmt: skip
    transformer = diffusers.LTX2VideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=8, cross_attention_dim=16,
        audio_in_channels=4, audio_out_channels=4, audio_num_attention_heads=2, audio_attention_head_dim=4,
        audio_cross_attention_dim=8, num_layers=1, caption_channels=WIDTH, rope_double_precision=False,
        rope_type="split",
    )  # fmt: skip
    connectors = LTX2TextConnectors(
        caption_channels=WIDTH, text_proj_in_factor=2, video_connector_num_attention_heads=2,
        video_connector_attention_head_dim=8, video_connector_num_layers=1,
        video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=2,
        audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32, rope_theta=10000.0,
        rope_double_precision=False, causal_temporal_positioning=False, rope_type="split",
    )  # fmt: skip
    audio = diffusers.AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, attn_resolutions=None, in_channels=2,
        resolution=32, latent_channels=2, norm_type="pixel", causality_axis="height", dropout=0.0,
        mid_block_add_attention=False, sample_rate=16000, mel_hop_length=160, is_causal=True, mel_bins=8,
    )  # fmt: skip
    vocoder = LTX2Vocoder(
        in_channels=16, hidden_channels=8, out_channels=2, upsample_kernel_sizes=[4, 4], upsample_factors=[2, 2],
        resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]], output_sampling_rate=16000,
    )  # fmt: skip
    diffusers.LTX2ConditionPipeline(
        diffusers.FlowMatchEulerDiscreteScheduler(), vae, audio, transformers.Gemma3ForConditionalGeneration(text),
        words(), connectors, transformer, vocoder,
    ).save_pretrained(folder)  # fmt: skip


def _wan(kind: str = "Wan", **more: Any) -> dict[str, Any]:
    vae = diffusers.AutoencoderKLWan(base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    transformer = getattr(diffusers, f"{kind}Transformer3DModel")(
        num_attention_heads=2, attention_head_dim=12, out_channels=16, text_dim=WIDTH, freq_dim=16, ffn_dim=16,
        rope_max_seq_len=32, **more,
    )  # fmt: skip
    return {
        "transformer": transformer, "vae": vae, "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(shift=5.0),
        "text_encoder": _t5("UMT5"), "tokenizer": words(),
    }  # fmt: skip


def vace(folder: Path) -> None:
    """Wan VACE: 4 frames and 8 px a latent, in patches of two."""
    parts = _wan("WanVACE", in_channels=16, num_layers=2, vace_layers=[0], vace_in_channels=96)
    diffusers.WanVACEPipeline(**parts).save_pretrained(folder)


def wan_image(folder: Path) -> None:
    """Wan 2.2's image-to-video, of a first and a last frame, with both of its experts."""
    parts, other = (_wan(in_channels=36, num_layers=1) for _ in range(2))
    diffusers.WanImageToVideoPipeline(
        **parts, transformer_2=other["transformer"], boundary_ratio=0.9
    ).save_pretrained(folder)  # fmt: skip


def wan_first_last(folder: Path) -> None:
    """Wan 2.1's first-and-last-frame model, which sees both frames by CLIP too."""
    vision = transformers.CLIPVisionConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14,
        projection_dim=8,
    )  # fmt: skip
    parts = _wan(
        in_channels=36, num_layers=1, image_dim=8, added_kv_proj_dim=24, pos_embed_seq_len=2 * 5
    )  # fmt: skip
    diffusers.WanImageToVideoPipeline(
        **parts, image_encoder=transformers.CLIPVisionModel(vision),
        image_processor=transformers.CLIPImageProcessorPil(crop_size=28, size=28),
    ).save_pretrained(folder)  # fmt: skip


def cogvideox(folder: Path) -> None:
    """CogVideoX image-to-video at the one size that its learned positions allow."""
    blocks = {"down_block_types": ("CogVideoXDownBlock3D",) * 4, "up_block_types": ("CogVideoXUpBlock3D",) * 4}
    vae = diffusers.AutoencoderKLCogVideoX(
        **blocks, block_out_channels=(8,) * 4, latent_channels=4, layers_per_block=1, norm_num_groups=2,
        sample_height=32, sample_width=48,
    )  # fmt: skip
    transformer = diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=8, out_channels=4, time_embed_dim=2,
        text_embed_dim=WIDTH, num_layers=1, sample_width=6, sample_height=4, sample_frames=17, max_text_seq_length=16,
        use_rotary_positional_embeddings=True, use_learned_positional_embeddings=True,
    )  # fmt: skip
    diffusers.CogVideoXImageToVideoPipeline(
        words(16), _t5(), vae, transformer, diffusers.CogVideoXDDIMScheduler()
    ).save_pretrained(folder)


def _stable_diffusion() -> dict[str, Any]:
    torch.manual_seed(3)
    blocks = {"block_out_channels": (8, 8), "layers_per_block": 1, "norm_num_groups": 2}
    clip = transformers.CLIPTextConfig(
        hidden_size=WIDTH, intermediate_size=8, num_attention_heads=2, num_hidden_layers=2, vocab_size=48,
        max_position_embeddings=32, bos_token_id=0, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    return {
        "vae": diffusers.AutoencoderKL(
            **blocks, latent_channels=4, down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        "text_encoder": transformers.CLIPTextModel(clip),
        "tokenizer": words(),
        "unet": diffusers.UNet2DConditionModel(
            **blocks, sample_size=8, cross_attention_dim=WIDTH, attention_head_dim=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        ),
        "scheduler": diffusers.DDIMScheduler(beta_schedule="linear", clip_sample=False, steps_offset=1),
    }  # fmt: skip


def _motion() -> dict[str, Any]:
    blocks = {"block_out_channels": (8, 8)}
    parts = {
        "motion_adapter": diffusers.MotionAdapter(
            **blocks, motion_layers_per_block=1, motion_norm_num_groups=2, motion_num_attention_heads=2
        ),
        "controlnet": diffusers.SparseControlNetModel(
            **blocks, layers_per_block=1, norm_num_groups=2, in_channels=4, conditioning_channels=4,
            down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"), cross_attention_dim=WIDTH,
            conditioning_embedding_out_channels=(8, 8), use_simplified_condition_embedding=True,
            attention_head_dim=4, motion_num_attention_heads=2,
        ),
    }  # fmt: skip
    for value in parts["controlnet"].parameters():
        if not value.any():  # a fresh control adds nothing
            torch.nn.init.normal_(value, std=0.3)
    return parts


def sparse(folder: Path) -> None:
    """AnimateDiff with SparseCtrl, saved whole."""
    parts = {**_stable_diffusion(), **_motion()}
    diffusers.AnimateDiffSparseControlNetPipeline(**parts).save_pretrained(folder)


def sparse_in_parts(folder: Path) -> None:
    """AnimateDiff as its makers publish it: Stable Diffusion, with the motion and the control laid into its folder."""
    parts = _stable_diffusion()
    diffusers.StableDiffusionPipeline(
        **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    ).save_pretrained(folder)
    for name, part in _motion().items():
        part.save_pretrained(folder / name)


MODELS: dict[str, Callable[[Path], None]] = {
    "ltx": ltx, "ltx2": ltx2, "vace": vace, "wan-image": wan_image, "wan-first-last": wan_first_last,
    "cogvideox": cogvideox, "sparse": sparse, "sparse-in-parts": sparse_in_parts,
}  # fmt: skip


def save(name: str, folder: Path) -> Path:
    """The model `name` in a folder of its own, the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        MODELS[name](folder)
    return folder


def lora(path: Path, name: str, module: str, size: tuple[int, int], scale: float = 1.0) -> Path:
    """A LoRA of rank 1 on one linear layer `module` (of size (out, in)) of the part `name`."""
    torch.manual_seed(11)
    out, into = size
    save_file(
        {
            f"{name}.{module}.lora_A.weight": scale * torch.randn(1, into),
            f"{name}.{module}.lora_B.weight": scale * torch.randn(out, 1),
        },
        path,
    )
    return path
