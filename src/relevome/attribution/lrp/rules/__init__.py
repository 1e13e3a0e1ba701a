"""The rules: one small function each, in the file of its kind; together they fill the table.

Equations are those of Achtibat et al. 2024 (AttnLRP, arXiv 2402.05602). Every file here is imported, so a
rule is added by writing it in the right one.
"""

from __future__ import annotations

import importlib
import pkgutil

from relevome.attribution.lrp.in_place import enter_in_place_rules
from relevome.attribution.lrp.in_place import rule_and_twins as rule
from relevome.attribution.lrp.table import RULES, UnsupportedOperation

for _module in pkgutil.iter_modules(__path__, __name__ + "."):
    importlib.import_module(_module.name)
enter_in_place_rules()

__all__ = ["RULES", "UnsupportedOperation", "rule"]
