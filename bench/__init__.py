"""What is measured, against whom. Run by `make bench`; results stand in docs/benchmarks.md."""
