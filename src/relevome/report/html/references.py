"""The papers behind what a page shows, as a list of references has them."""

from __future__ import annotations

from typing import NamedTuple


class Cited(NamedTuple):
    """What a method does, as a sentence of a paper goes on after its name, and where that was published."""

    does: str
    reference: str


class Statistic(NamedTuple):
    """How numbers were tested or what their intervals are, as a clause, and where that was published."""

    clause: str
    reference: str


# By the name under which a method is registered.
METHODS = {
    "attention": Cited(
        "the attention that the token which the prediction is read from pays to every other, averaged over "
        "heads",
        "Clark K, Khandelwal U, Levy O, Manning CD (2019) What does BERT look at? An analysis of BERT's "
        "attention. arXiv:1906.04341",
    ),
    "attnlrp": Cited(
        "attention-aware layer-wise relevance propagation",
        "Achtibat R et al. (2024) AttnLRP: attention-aware layer-wise relevance propagation for "
        "transformers. arXiv:2402.05602",
    ),
    "deeplift-shap": Cited(
        "DeepLIFT averaged over reference sequences",
        "Shrikumar A, Greenside P, Kundaje A (2017) Learning important features through propagating "
        "activation differences. arXiv:1704.02685",
    ),
    "gradient-x-input": Cited(
        "the gradient of the score times the embedding",
        "Shrikumar A, Greenside P, Shcherbina A, Kundaje A (2016) Not just a black box: learning important "
        "features through propagating activation differences. arXiv:1605.01713",
    ),
    "integrated-gradients": Cited(
        "the gradient averaged over the straight path from a baseline, times what differs from it",
        "Sundararajan M, Taly A, Yan Q (2017) Axiomatic attribution for deep networks. arXiv:1703.01365",
    ),
    "lrp": Cited(
        "layer-wise relevance propagation",
        "Bach S et al. (2015) On pixel-wise explanations for non-linear classifier decisions by layer-wise "
        "relevance propagation. PLoS ONE 10:e0130140",
    ),
    "mutagenesis": Cited(
        "how far the score falls, on average, when a letter is exchanged for another",
        "Zhou J, Troyanskaya OG (2015) Predicting effects of noncoding variants with deep learning-based "
        "sequence model. Nature Methods 12:931",
    ),
    "rollout": Cited(
        "attention rolled out over layers",
        "Abnar S, Zuidema W (2020) Quantifying attention flow in transformers. arXiv:2005.00928",
    ),
    "saliency": Cited(
        "the norm of the gradient of the score at every token",
        "Simonyan K, Vedaldi A, Zisserman A (2014) Deep inside convolutional networks: visualising image "
        "classification models and saliency maps. arXiv:1312.6034",
    ),
}

RATE = Statistic(
    "p-values of several comparisons are adjusted for a false discovery rate",
    "Benjamini Y, Hochberg Y (1995) Controlling the false discovery rate: a practical and powerful approach "
    "to multiple testing. Journal of the Royal Statistical Society B 57:289",
)
BOOTSTRAP = Statistic(
    "intervals are 95% bootstrap intervals over sequences",
    "Efron B, Tibshirani RJ (1993) An introduction to the bootstrap. Chapman & Hall",
)
STUDENT = Statistic(
    "intervals of means are of 95%, by Student's t",
    "Student (1908) The probable error of a mean. Biometrika 6:1",
)
MEDIANS = Statistic(
    "intervals of medians are of 95%, by order statistics",
    "Conover WJ (1999) Practical nonparametric statistics, 3rd edition. Wiley",
)
COLOURS = "Wong B (2011) Color blindness. Nature Methods 8:441"
ALIGNMENT = (
    "Needleman SB, Wunsch CD (1970) A general method applicable to the search for similarities in the amino "
    "acid sequence of two proteins. Journal of Molecular Biology 48:443"
)
GEMMI = (
    "Wojdyr M (2022) GEMMI: a library for structural biology. Journal of Open Source Software 7:4200 "
    "(Mozilla Public License 2.0; it read the structures, and is not in this file)"
)

# What is in the file beside the data, and what built it (report/page/package.json has the same versions).
LICENCES = (
    "The program of this page is part of relevome, under the Apache License 2.0, and has no code of others.",
    "It was built from TypeScript by esbuild 0.28.2 (MIT licence), and checked by TypeScript 5.9.3 (Apache "
    "License 2.0); neither is in this file.",
    "Letters are outlines of DejaVu Sans Bold (Bitstream Vera licence), which comes with matplotlib.",
)
