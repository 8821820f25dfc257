"""Pure views: domain values in, Block Kit out. They read no clock, no setting and no network."""
