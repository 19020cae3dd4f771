"""A viewer's reading of an HLS stream: what it fetches, and which rules what it saw breaks.

Nothing here is shared with what writes streams: a reading that knew how ours are written would find them right.
"""
