"""The genome of *E. coli* K-12 MG1655 and its annotation, from NCBI."""

from __future__ import annotations

from relevome.data.public import DataFile, DataSet, Download, data_sets

_ASSEMBLY = "GCF_000005845.2_ASM584v2"
_FOLDER = f"https://ftp.ncbi.nlm.nih.gov/genomes/all/GCF/000/005/845/{_ASSEMBLY}/{_ASSEMBLY}"

data_sets.register("ecoli")(
    DataSet(
        about="genome of E. coli K-12 MG1655 (NC_000913.3) and its annotation, from NCBI",
        licence="public domain",
        page="https://www.ncbi.nlm.nih.gov/datasets/genome/GCF_000005845.2/",
        files=(
            DataFile(
                "ecoli/NC_000913.3.fna.gz",
                "53bb6a51b6e92139ced1e38f74b7938781027c52200922ff03718c2237d23bb4",
                4_699_745,
                (
                    Download(
                        f"{_FOLDER}_genomic.fna.gz",
                        "254606e2722f64ca0906dfc1d41bceac41be72c335627c23f831b007939c8a48",
                    ),
                ),
            ),
            DataFile(
                "ecoli/NC_000913.3.gff.gz",
                "5cc423caba7353aeceb2a0a4144ee8cfac2fa6d2f55f39b160dc1cf8971c5c58",
                2_651_503,
                (
                    Download(
                        f"{_FOLDER}_genomic.gff.gz",
                        "f7da4447a53cd85a86438553cf28ac000f0cb36c4d9b01f41fee00715cc789e8",
                    ),
                ),
            ),
        ),
    )
)
