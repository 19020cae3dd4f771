"""Boxes of the Common Media Application Format (ISO/IEC 23000-19) on ISO/IEC 14496-12."""
