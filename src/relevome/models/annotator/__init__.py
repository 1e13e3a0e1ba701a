"""The annotator: a Transformer-XL that labels every letter of a genome.

After Clauwaert, Menschaert, Waegeman 2021 (Briefings in Bioinformatics, doi 10.1093/bib/bbab060). Importing
it enters the architecture in transformers' Auto classes.
"""

from __future__ import annotations

from relevome.models.annotator.config import AnnotatorConfig
from relevome.models.annotator.encoder import Memory
from relevome.models.annotator.model import AnnotatorForTokenClassification
from relevome.models.annotator.published import load_published

__all__ = ["AnnotatorConfig", "AnnotatorForTokenClassification", "Memory", "load_published"]
