"""An hour of everything that goes wrong, at random: `make soak`. docs/soak.md says what happens and what must hold."""
