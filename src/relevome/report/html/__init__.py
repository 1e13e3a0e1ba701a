"""The page of `relevome report`: what it holds, and how that gets into one file."""
