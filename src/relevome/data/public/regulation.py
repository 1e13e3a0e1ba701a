"""Promoters, binding sites and start sites of *E. coli* that have no address of their own.

RegulonDB gives its tables through a web service, of the current release only, and the table of start sites
joins three sources: so they are known by what they hold, and come from a folder that has them.
"""

from __future__ import annotations

from relevome.data.public import DataFile, DataSet, data_sets

data_sets.register("regulondb")(
    DataSet(
        about="RegulonDB: 4,052 promoters, 3,974 binding sites of transcription factors of E. coli",
        licence="academic use",
        page="https://regulondb.ccg.unam.mx/datasets",
        files=(
            DataFile(
                "ecoli/RegulonDB_PromoterSet.tsv",
                "70bfe615e7768384d8b1c5008503d9ba83e35a87173451435e8ad0f866890915",
                824_328,
            ),
            DataFile(
                "ecoli/regulondb_tfbs_unique.bed",
                "3f9f935bad110f4f2e4546e5d8d630a5f7b7dc707c5cdedfd23fe90fbb647f86",
                184_494,
            ),
        ),
    )
)

data_sets.register("start-sites")(
    DataSet(
        about="18,134 start sites of transcription in E. coli: Thomason et al. 2015, and others",
        licence="none stated",
        page="https://doi.org/10.1128/JB.02096-14",
        files=(
            DataFile(
                "ecoli/tss_thomason_wanner_regulondb.tsv",
                "a5c81c2e5d64cb0401011249b809905391bd474658ce27afbfbf4b8d3a172cc5",
                455_037,
            ),
        ),
    )
)
