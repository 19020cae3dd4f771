"""The ladder: access units in, access units of every rendition out, in a worker process for each broadcast."""
