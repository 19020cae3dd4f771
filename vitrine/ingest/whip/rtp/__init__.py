"""RTP in: packets put in order, asked for again, and joined to pictures and blocks of sound. Pure."""
