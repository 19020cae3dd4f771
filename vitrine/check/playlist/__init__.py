"""Playlists read back (draft-pantos-hls-rfc8216bis-22 section 4): strict in what is noted, tolerant in what is read."""
