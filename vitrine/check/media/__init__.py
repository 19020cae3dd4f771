"""Media files read back: what a segment, part or initialisation section holds."""
