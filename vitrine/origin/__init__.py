"""Viewers and CDNs out: playlists, parts, the API and the pages over HTTP."""
