"""How good a model is that is in memory, as the folder says from which it was read."""

from __future__ import annotations

from relevome.models.base import Model
from relevome.results.quality.folder import trained_quality
from relevome.results.quality.record import NOT_KEPT, ModelQuality


def quality_of_loaded(model: Model) -> ModelQuality:
    """What its training left beside the weights; unknown of other weights, and of models by others."""
    if model.source.loaded is None:
        return ModelQuality(unknown=NOT_KEPT)
    if not model.as_loaded:
        return ModelQuality(unknown="its weights are others than its folder has")
    if model.source.tokenizer_path is not None:
        return ModelQuality(unknown="it is given letters by another tokenizer than its folder has")
    return trained_quality(model.source.path)
