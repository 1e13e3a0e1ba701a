"""What `relevome data fetch` and `relevome data list` do: downloads, the data sets of them, and weights."""
