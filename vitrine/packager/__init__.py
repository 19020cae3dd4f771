"""CMAF and Low-Latency HLS: access units of an encoded ladder become parts, segments and playlists. Pure."""
