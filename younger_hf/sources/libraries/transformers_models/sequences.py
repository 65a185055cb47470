"""Inputs of models for sounds, series and decisions that do not follow from their configuration."""

from __future__ import annotations

import torch

from younger_hf.sources.libraries.transformers_models.configuration import look_up
from younger_hf.sources.libraries.transformers_models.subject import Known, Subject, ones, words


def mono(subject: Subject) -> Known:
    """Make one second of sound with a channel axis."""
    return {"input_values": torch.zeros(1, 1, 16_000)}


def bins_first(subject: Subject) -> Known:
    """Make a spectrogram of two seconds, bins before frames."""
    bins, frames = int(look_up(subject.config, ("num_mel_bins",), ("audio",))), 200
    return {"input_features": torch.zeros(1, bins, frames), "input_features_mask": ones(1, frames)}


def frames_first(subject: Subject) -> Known:
    """Make a spectrogram as long as the model's table of positions, frames before bins."""
    return {"input_values": torch.zeros(1, subject.config.max_length, subject.config.num_mel_bins)}


def one_of_two_sounds(subject: Subject) -> Known:
    """Make a sound for an encoder that also accepts a spectrogram."""
    return {"input_values": torch.zeros(1, 16_000), "input_features": None, "attention_mask": None}


def speecht5(subject: Subject) -> Known:
    """Make the start of the speech to generate, or the outputs of missing pre-networks."""
    config, frames = subject.config, 16
    lacks_prenets = type(subject.module).__name__ == "SpeechT5Model"
    bins = config.hidden_size if lacks_prenets else config.num_mel_bins
    known = {
        "decoder_input_values": torch.zeros(1, frames, bins),
        "speaker_embeddings": None,
        "decoder_attention_mask": None,
    }
    if "decoder_input_ids" in subject.names:
        known["decoder_attention_mask"] = ones(1, frames)
    if not lacks_prenets:
        return {**known, "speaker_embeddings": torch.zeros(1, config.speaker_embedding_dim)}
    return {**known, "input_values": torch.zeros(1, frames, bins)}


def trajectory(subject: Subject) -> Known:
    """Make states, actions and rewards of sixteen steps."""
    config, steps = subject.config, 16
    return {
        "states": torch.zeros(1, steps, config.state_dim),
        "actions": torch.zeros(1, steps, config.act_dim),
        "rewards": torch.zeros(1, steps, 1),
        "returns_to_go": torch.zeros(1, steps, 1),
        "timesteps": torch.arange(steps).unsqueeze(0),
        "attention_mask": ones(1, steps),
    }


def series(subject: Subject) -> Known:
    """Make past values, and the known features of the future."""
    config = subject.config
    past, future = config.context_length + max(config.lags_sequence), config.prediction_length
    width = () if config.input_size == 1 else (config.input_size,)
    return {
        "past_values": torch.zeros(1, past, *width),
        "past_time_features": torch.zeros(1, past, config.num_time_features),
        "past_observed_mask": torch.ones(1, past, *width),
        "future_values": torch.zeros(1, future, *width),
        "future_time_features": torch.zeros(1, future, config.num_time_features),
        "decoder_attention_mask": None,
    }


def channels_of_series(subject: Subject) -> Known:
    """Make past values of several channels."""
    return {"past_values": torch.zeros(1, subject.config.context_length, subject.config.num_input_channels)}


def timesfm(subject: Subject) -> Known:
    """Make past values of the model's context length."""
    length = subject.config.context_length
    return {
        "past_values": torch.zeros(1, length),
        "past_values_padding": torch.zeros(1, length, dtype=torch.long),
        "freq": torch.zeros(1, 1, dtype=torch.long),
    }


def options(subject: Subject) -> Known:
    """Make one question with two answers at the end of the prompt."""
    if "marks" not in subject.names:
        return {}
    return {
        "marks": torch.tensor([[16]]),
        "num_options": torch.tensor([[2]]),
        "question_type_ids": torch.zeros(1, 1, dtype=torch.long),
    }


def gemma3n_audio(subject: Subject) -> Known:
    """Make a spectrogram of one second."""
    bins = subject.config.input_feat_size
    return {"audio_mel": torch.zeros(1, 100, bins), "audio_mel_mask": torch.zeros(1, 100, dtype=torch.bool)}


def codebooks_as_batch(subject: Subject) -> Known:
    """Make sound as words of several codebooks."""
    count = look_up(subject.config, ("num_codebooks",), ("decoder",))
    name = "decoder_input_ids" if "decoder_input_ids" in subject.names else "input_ids"
    return {name: words(int(count), 16), "attention_mask": None, "decoder_attention_mask": None} if count else {}


def univnet(subject: Subject) -> Known:
    """Make a spectrogram, and the noise that speech is generated from."""
    config = subject.config
    return {
        "input_features": torch.zeros(1, 16, config.num_mel_bins),
        "noise_sequence": torch.zeros(1, 16, config.model_in_channels),
    }
