"""How letters become tokens: ways of writing them, tokens drawn at random, tables of single letters."""
