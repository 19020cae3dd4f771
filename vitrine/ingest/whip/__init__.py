"""WHIP (RFC 9725): publishers by WebRTC."""
