"""Where results are kept: folders of this machine, or of an object store that is named by its address."""
