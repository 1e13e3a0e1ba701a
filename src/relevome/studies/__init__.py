"""Published studies as recipes of the other packages."""
