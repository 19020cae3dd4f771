"""The products that a show can show: their record, and how it is read from the shop's files."""
