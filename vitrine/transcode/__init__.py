"""The ladder: access units of one source become access units of every rendition, in worker processes."""
