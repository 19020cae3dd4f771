"""The rules: one small function each, named for what has to be, giving what was seen where it is not."""
