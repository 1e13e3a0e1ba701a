"""Matrices of transcription factors, from the collections of RSAT at one commit, written as MEME.

RSAT keeps what JASPAR and RegulonDB publish, in one format, under version control, so that it can be pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from relevome.data.public import DataFile, DataSet, Download, data_sets
from relevome.data.transfac import meme_of_transfac

_FOLDER = (
    "https://raw.githubusercontent.com/rsa-tools/motif_databases/dfc2555cef693d399a1d08d89fb0304719646e19"
)
# That of the genome, as RegulonDB's matrices have been read here from the first.
_ECOLI = (0.2462, 0.2542, 0.2537, 0.2459)


def _meme(background: tuple[float, ...], paths: Sequence[Path]) -> bytes:
    (path,) = paths
    return meme_of_transfac(path, background).encode()


def _as_meme(background: tuple[float, ...]) -> Callable[[Sequence[Path]], bytes]:
    return partial(_meme, background)


data_sets.register("jaspar")(
    DataSet(
        about="JASPAR 2024 CORE, vertebrates, without redundancy: 879 matrices",
        licence="CC BY 4.0",
        page="https://jaspar.elixir.no/downloads/",
        files=(
            DataFile(
                "motifs/JASPAR2024_CORE_vertebrates_nr.meme.gz",
                "44432ac232f8eaa8a2def62181bfbb936b91f7f57d14392d8499225cfee65989",
                419_841,
                (
                    Download(
                        f"{_FOLDER}/JASPAR/Jaspar_2024/"
                        "JASPAR2024_CORE_vertebrates_non-redundant_pfms_transfac.txt",
                        "0196cf785599aab1a64cc78dc0a087dfefae932bd3b75053caedfab1c52ddd4e",
                    ),
                ),
                _as_meme((0.25, 0.25, 0.25, 0.25)),
            ),
        ),
    )
)

data_sets.register("regulondb-matrices")(
    DataSet(
        about="RegulonDB, May 2025: 109 matrices of transcription factors of E. coli",
        licence="academic use",
        page="https://regulondb.ccg.unam.mx",
        files=(
            DataFile(
                "ecoli/RegulonDB_PSSM_2025-05.meme",
                "2c3e3642eee2b04ae3aa1978e0854ae2db531249ea5ee1e2736554509ca37bbe",
                82_859,
                (
                    Download(
                        f"{_FOLDER}/REGULONDB/regulonDB_2025-05.tf",
                        "fe9da7315ef6c8e5f5a3aab35af28be2316f387ca1797b47eff2ff4090d1d627",
                    ),
                ),
                _as_meme(_ECOLI),
            ),
        ),
    )
)
