"""The page of a report, served to a browser on this machine: what is on the screen is read when it is."""
