"""HLS playlists as text (draft-pantos-hls-rfc8216bis-22)."""
