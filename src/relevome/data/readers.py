"""The readers: one file format each, one contract.

Every reader is a lazy generator. What concerns one sequence (a letter outside the alphabet, no
letters, an id that was used before, an interval off its chromosome) comes out as a Problem in the
place of the sequence, and the caller decides by ``refuse_or_skip``. What concerns the file is raised
as an InputError. Memory grows by a short hash per sequence and by nothing else.
"""

from relevome.data.fasta import read_fasta
from relevome.data.genome import read_bed
from relevome.data.problems import OnBad, Problem, refuse_or_skip
from relevome.data.tables import Labelled, read_table

__all__ = ["Labelled", "OnBad", "Problem", "read_bed", "read_fasta", "read_table", "refuse_or_skip"]
