"""RTMP: publishers in, and recorded streams out to other servers. FLV and Enhanced RTMP payloads."""
