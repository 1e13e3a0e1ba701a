"""Tables that can be pasted as they are, whatever their cells hold."""

from __future__ import annotations

import pytest

from relevome.report.tables import Cell, Table, escaped, interval, latex, markdown, number, plain

TABLE = Table(
    "Runs & co", ("metric", "a_1", "b|c"), ((Cell("auroc ↑"), Cell("0.7"), Cell("-0.8", bold=True)),)
)


def test_markdown_has_a_line_for_every_row_and_bold_for_the_best():
    assert markdown(TABLE).splitlines() == [
        "Runs &amp; co",
        "",
        r"| metric | a\_1 | b\|c |",
        "| --- | ---: | ---: |",
        "| auroc ↑ | 0.7 | **-0.8** |",
    ]


def test_latex_is_escaped_and_has_the_right_number_of_columns():
    lines = latex(TABLE).splitlines()
    assert r"\caption{Runs \& co}" in lines
    assert r"\begin{tabular}{lrr}" in lines
    assert r"metric & a\_1 & b\textbar{}c \\" in lines
    assert r"auroc $\uparrow$ & 0.7 & \textbf{$-$0.8} \\" in lines


def test_every_sign_that_latex_takes_for_a_command_is_escaped():
    page = latex(Table(r"\input{x} $a^2 ~ 50% #1 {b} <c>", ("a",), ()))
    caption = page.splitlines()[2]
    assert caption == (
        r"\caption{\textbackslash{}input\{x\} \$a\textasciicircum{}2 \textasciitilde{} 50\% \#1 \{b\} "
        r"\textless{}c\textgreater{}}"
    )


@pytest.mark.parametrize("text", ["<script>x</script>", "**bold** `code`", "[a](javascript:b)", "a\n| b |"])
def test_markup_in_names_stays_text(text):
    shown = escaped(text)
    assert "<" not in shown
    assert "\n" not in shown
    for sign in "*`[|":
        assert shown.count(sign) == shown.count("\\" + sign)


def test_nothing_bold_is_empty():
    assert "**" not in markdown(Table("", ("a",), ((Cell("", bold=True),),)))


def test_a_terminal_gets_columns_that_line_up():
    lines = plain(TABLE).splitlines()
    assert lines == ["metric   a_1  b|c", "auroc ↑  0.7  -0.8*"]


@pytest.mark.parametrize(
    ("value", "beside", "shown"),
    [
        (0.5, 0.0, "0.500"),
        (0.0, 0.0, "0.000"),
        (-1e-5, 0.3, "0.000"),
        (2e-5, 0.0, "2.0e-05"),
        (1234.56, 0.0, "1,234.6"),
    ],
)
def test_numbers_have_the_digits_that_count(value, beside, shown):
    assert number(value, beside) == shown


def test_an_interval_has_both_ends():
    assert interval(0.25, -0.00001, 0.5) == "0.250 [0.000, 0.500]"
