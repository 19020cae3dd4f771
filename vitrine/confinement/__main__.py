"""`python -m vitrine.confinement`: says, one a line, what a transcoder cannot give up on this machine."""

from vitrine.confinement.confine import confine_transcoder

if __name__ == "__main__":
    print("\n".join(confine_transcoder()))
