"""The sample show: a generated broadcast in which every frame and every second can be checked."""
