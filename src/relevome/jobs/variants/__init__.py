"""The verb `variants`: from files to windows, from windows to effects, and what is kept of them."""
