"""What is on show, and when: commands become entries of a ledger, the ledger answers for every frame."""
