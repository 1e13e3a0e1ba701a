"""What was found in runs and models: motifs, profiles, maps of pairs, substitutions."""

from __future__ import annotations

from matplotlib.figure import Figure

from relevome.errors import InputError
from relevome.report.motifs.pictures import draw_motifs
from relevome.report.pairs.pictures import MOST_ARCS, draw_map
from relevome.report.profile.pictures import draw_profile, draw_rows
from relevome.report.substitution import draw_substitution
from relevome.results.motifs.motifs import RelevantMotifs
from relevome.results.notebook import NotebookLook, looks
from relevome.results.pairs.folder import Pairs
from relevome.results.profile.profile import PositionProfile

_OF_PROFILES = {"means": draw_profile, "rows": draw_rows}


def _draw_motifs(found: RelevantMotifs) -> Figure:
    if not found.motifs:
        raise InputError(f"there is no motif to draw: {'; '.join(found.reasons) or 'none was found'}")
    return draw_motifs(found)


def _draw_profile(found: PositionProfile, *, what: str = "means") -> Figure:
    if what not in _OF_PROFILES:
        raise InputError(f"plot({what!r}): expected {' or '.join(_OF_PROFILES)}")
    return _OF_PROFILES[what](found)


def _draw_pairs(found: Pairs, *, sequence_id: str | None = None) -> Figure:
    if sequence_id is None and not found.sequences:
        raise InputError(f"{found.path} has no map: there is nothing to draw")
    name = found.sequences[0].sequence_id if sequence_id is None else sequence_id
    own = [pair for pair in found.pairs if pair.sequence_id == name]
    return draw_map(found.map(name), found.settings, title=name, pairs=own[:MOST_ARCS])


looks.register("RelevantMotifs")(NotebookLook(_draw_motifs))
looks.register("PositionProfile")(NotebookLook(_draw_profile))
looks.register("Pairs")(NotebookLook(_draw_pairs))
looks.register("Substitution")(NotebookLook(draw_substitution))
