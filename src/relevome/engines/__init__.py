"""Where the shards of a job are computed: in this process, or elsewhere."""
