"""Viewers and CDNs out: playlists, media, state and pages over HTTP."""
