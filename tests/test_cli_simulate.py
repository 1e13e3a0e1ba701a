"""relevome simulate --grammar genome, as a user runs it."""

from __future__ import annotations


def test_a_genome_is_made(relevome_cli, tmp_path):
    options = ("--length", "9000", "--starts", "30", "--distances", "-34:-27,-14:-7", "--others", "30")
    code, out, _ = relevome_cli("simulate", "--grammar", "genome", *options, "-o", tmp_path / "made")
    assert code == 0
    assert "9,000 letters with 30 start sites and 2 motifs" in " ".join(out.split())
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert names == {
        "genome.fa", "starts.bed", "truth.bed", "planted.meme", "held_out.bed", "windows.bed",
        "database.meme", "known.bed", "genome.json",
    }  # fmt: skip


def test_options_of_the_other_kind_are_refused(relevome_cli, tmp_path):
    for options, said in (
        (("--grammar", "genome", "--positives", "5"), "--positives belongs to sequences"),
        (("--grammar", "sites", "--starts", "5"), "--starts belongs to --grammar genome, not to sites"),
    ):
        code, _, err = relevome_cli("simulate", *options, "-o", tmp_path / "made")
        assert (code, len(err)) == (2, 1)
        assert said in err[0]
