"""Scores of single substitutions in any module, of which only what a substitution reaches is computed.

The idea is fastISM's (Nair et al. 2022, Bioinformatics 38:2397), for operations and not for layers: the
module runs as it is, on tensors that know for each mutant which window of positions differs from the
unchanged sequence (`changed`). An operation with a rule (`rules`) gives such a tensor again, with a window as
much wider as its kernel says; of any other one the whole is put together, and from there on the module
computes it all.
"""
